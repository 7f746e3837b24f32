package import EventLoop
import Glibc

/// One established session in pipeline mode. Many callers send at once; a turn's reads leave in one write and
/// share a transaction, everything else has its own. Results are handed out once their transaction is known
/// to be done. When the session is lost, all that waits fails at once, and the connection is over for good.
package final class Connection: ReadinessHandler {
    /// Statements under way on one connection. At 30 µs each, the last one waits 30 ms: more is overload.
    package static let maximumOutstanding = 1_024
    /// Prepared statements kept on one connection (a few KB of the server's memory each); others are prepared
    /// anew.
    static let maximumPrepared = 1_000

    private enum Expected {
        case prepared(Query, PreparedKey?)
        case executed(Query)
        case synchronised
    }

    private let session: Session
    private let reactor: Reactor
    /// Kept, because libpq forgets it when it finds the session lost.
    private let descriptor: Int32
    private let thread = pthread_self()
    private var encoder = ParameterEncoder()
    private var prepared: [PreparedKey: String] = [:]
    private var namesIssued = 0
    private var expected = Queue<Expected>()
    /// Answered, but their group is not done.
    private var answered: [Query] = []
    private var groupFailure: PostgresError?
    private var outstanding = 0
    private var hasHeard = false
    /// Looks in a row at which something was waited for and nothing had been heard since the one before.
    private(set) var quietLooks = 0
    /// Sent since the last synchronisation.
    private var unsynchronised = 0
    private var isSynchronisationDue = false
    private var isWaitingToWrite = false
    package private(set) var isOpen = true
    private var isClosing = false
    /// Rings when the connection is over.
    let ended = Wakeup()
    var onRefusedWrite: ((WriteRefusal) -> Void)?
    var onNotification: ((String, String) -> Void)?

    /// Takes over a connected session.
    init?(_ session: Session, on reactor: Reactor) {
        (self.session, self.reactor, descriptor) = (session, reactor, session.descriptor)
        guard session.setNonBlocking(), session.enterPipeline(),
            (try? reactor.watch(descriptor, for: .readable, edgeTriggered: false, handler: self))
                != nil
        else { return nil }
    }

    package var processID: Int32 { session.processID }

    /// Ends the session; what waits fails with `unavailable`.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        reactor.unwatch(descriptor)
        session.finish()
        failEverything()
        ended.wake()
    }

    func closeWhenIdle() {
        isClosing = true
        if outstanding == 0 { close() }
    }

    func look() {
        quietLooks = outstanding > 0 && !hasHeard ? quietLooks + 1 : 0
        hasHeard = false
    }

    private func failEverything() {
        let waiting =
            answered + expected.compactMap { if case .executed(let query) = $0 { query } else { nil } }
        answered = []
        expected = Queue()
        for query in waiting {
            // A write of its own may have been committed before the answer was lost.
            let isUnknown = query.mode == .alone && !query.statement.isRead
            query.finish(.failure(isUnknown ? .commitUnknown : .unavailable))
        }
        outstanding = 0
    }
}

// MARK: Sending

extension Connection {
    func send(_ query: Query) {
        // Closures of other modules may leave the loop silently (`#expect(throws:)` does).
        assert(thread == pthread_self(), "a connection belongs to its loop")
        guard isOpen else { return query.finish(.failure(.unavailable)) }
        guard outstanding < Self.maximumOutstanding else { return query.finish(.failure(.overloaded)) }
        outstanding += 1
        transmit(query)
    }

    private func transmit(_ query: Query) {
        encoder.encode(query.parameters)
        if encoder.hasZeroInText {
            return finish(query, .failure(.server(.zeroByteInText)))
        }
        if query.mode == .alone && unsynchronised > 0 { synchronise() }
        guard isOpen, execute(query) else {
            close()
            return query.finish(.failure(.unavailable))
        }
        unsynchronised += 1
        if query.mode == .alone { synchronise() } else { synchroniseAtEndOfTurn() }
    }

    private func execute(_ query: Query) -> Bool {
        let key = PreparedKey(
            statement: query.statement, signature: ParameterEncoder.signature(query.parameters))
        if let name = prepared[key] { return execute(query, name) }
        let isKept = prepared.count < Self.maximumPrepared
        let name = isKept ? nextName(query.statement) : ""
        if isKept { prepared[key] = name }
        guard session.sendPrepare(name, query.statement.sql, types: query.parameters.map(\.type)) else {
            expected.append(.executed(query))
            return false
        }
        expected.append(.prepared(query, isKept ? key : nil))
        return execute(query, name)
    }

    private func execute(_ query: Query, _ name: String) -> Bool {
        expected.append(.executed(query))
        return session.sendExecute(name, encoder)
    }

    private func nextName(_ statement: Statement) -> String {
        namesIssued += 1
        return "\(statement.name).\(namesIssued)"
    }

    /// One write for all that this turn sends.
    private func synchroniseAtEndOfTurn() {
        guard !isSynchronisationDue else { return }
        isSynchronisationDue = true
        reactor.atEndOfTurn { [weak self] in
            guard let self else { return }
            isSynchronisationDue = false
            if isOpen && unsynchronised > 0 { synchronise() }
        }
    }

    private func synchronise() {
        unsynchronised = 0
        expected.append(.synchronised)
        guard session.synchronise() else { return close() }
        flush()
    }

    private func flush() {
        switch session.flush() {
        case .done: awaitWritable(false)
        case .failed: close()
        case .pending:
            awaitWritable(true)
            // libpq reads when it cannot write: what it read so gives no readiness any more.
            receive()
        }
    }

    private func awaitWritable(_ wanted: Bool) {
        guard wanted != isWaitingToWrite else { return }
        isWaitingToWrite = wanted
        try? reactor.change(descriptor, to: wanted ? [.readable, .writable] : .readable)
    }
}

// MARK: Receiving

extension Connection {
    package func ready(_ readiness: Readiness) {
        guard isOpen else { return }
        if readiness.contains(.readable) { hasHeard = true }
        let isAlive = session.consumeInput()
        receive()
        guard isOpen else { return }
        if !isAlive || session.isBroken { return close() }
        if readiness.contains(.writable) && isWaitingToWrite { flush() }
    }

    private func receive() {
        while isOpen, let next = expected.first, !session.isBusy {
            switch next {
            case .prepared(let query, let key): receivePrepared(query, key)
            case .executed(let query): receiveExecuted(query)
            case .synchronised:
                guard let rows = session.nextResult() else { return }
                receiveSynchronised(rows)
            }
        }
        while isOpen, let (channel, payload) = session.nextNotification() {
            onNotification?(channel, payload)
        }
    }

    private func receivePrepared(_ query: Query, _ key: PreparedKey?) {
        guard let rows = session.nextResult() else { return expected.removeFirst() }
        if rows.status == .complete { return }
        query.receive(rows)
        if let key { prepared[key] = nil }
    }

    private func receiveExecuted(_ query: Query) {
        if let rows = session.nextResult() { return query.receive(rows) }
        expected.removeFirst()
        answered.append(query)
    }

    /// The group is committed, or a failure has undone all of it.
    private func receiveSynchronised(_ rows: Rows) {
        guard rows.status == .synchronised else {
            groupFailure = PostgresError(rows.serverError)
            return
        }
        expected.removeFirst()
        let group = answered
        answered.removeAll(keepingCapacity: true)
        let failure = group.lazy.compactMap(\.failure).first ?? groupFailure
        groupFailure = nil
        if let failure { settle(group, failure) } else { succeed(group) }
    }

    private func succeed(_ group: [Query]) {
        for query in group { finish(query, query.received ?? .failure(.unavailable)) }
    }

    /// Whoever shared the transaction of a failed statement runs again, alone; explicit transactions learn
    /// the cause.
    private func settle(_ group: [Query], _ failure: PostgresError) {
        for query in group {
            if isStale(query.failure) { forget(query) }
            let isVictim = query.mode == .shared && query.failure == nil && group.count > 1
            if isVictim || isStale(query.failure), query.prepareToSendAgain() {
                transmit(query)
            } else if query.mode == .inTransaction, let received = query.received {
                finish(query, received)
            } else {
                finish(query, .failure(query.failure ?? failure))
            }
        }
    }

    /// The prepared statement is gone or its plan outdated (a migration ran): it has to be prepared again.
    private func isStale(_ failure: PostgresError?) -> Bool {
        guard case .server(let error) = failure else { return false }
        return error.sqlState == SQLState.invalidStatementName
            || error.sqlState == SQLState.featureNotSupported && error.message.hasPrefix("cached plan")
    }

    private func forget(_ query: Query) {
        let signature = ParameterEncoder.signature(query.parameters)
        prepared[PreparedKey(statement: query.statement, signature: signature)] = nil
    }

    private func finish(_ query: Query, _ result: Result<Rows, PostgresError>) {
        outstanding -= 1
        if !query.statement.isRead, case .failure(let error) = result, let why = error.writeRefusal {
            onRefusedWrite?(why)
        }
        query.finish(result)
        if isClosing && outstanding == 0 { close() }
    }
}

extension ServerError {
    fileprivate static let zeroByteInText = ServerError(
        sqlState: "22021", message: "text cannot contain a zero byte")
}
