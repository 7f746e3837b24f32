import EventLoop
import Kernel

/// A connection that comes back by itself. While it is down, everything fails at once with `unavailable`.
package final class Link: Queryable {
    private let connector: Connector
    private let entropy: Entropy
    private let use: DatabaseUse
    private let demand = Wakeup()
    private var connection: Connection?
    private var isWanted: Bool
    private var isStopped = false
    /// The present session has refused a write as read-only: after how many tries that went through.
    private var readOnlyAt: Int?
    /// Nobody answers there: it does not try to connect.
    private var isHeld = false
    /// Statements that were sent, whatever became of them.
    private(set) var sentCount = 0
    /// Fulfilled when the present attempt to connect is over, either way.
    private var attempt = Promise<Void>()

    /// - Parameter isEager: connects at start; otherwise when it is first wanted.
    init(_ connector: Connector, entropy: Entropy, use: DatabaseUse, isEager: Bool) {
        (self.connector, self.entropy, self.use, self.isWanted) = (connector, entropy, use, isEager)
    }

    package var isOpen: Bool { connection?.isOpen ?? false }
    package var processID: Int32? { connection?.processID }

    package func send(_ statement: Statement, _ parameters: [Parameter]) -> Query {
        let query = Query(statement, parameters, mode: statement.isRead ? .shared : .alone)
        send(query)
        return query
    }

    func send(_ query: Query) {
        sentCount += 1
        guard let connection, connection.isOpen else { return query.finish(.failure(.unavailable)) }
        connection.send(query)
    }

    /// Ends the session; `run` opens another one. For a session whose state is not known any more.
    func drop() { connection?.close() }

    /// Looks in a row at which something was waited for and nothing had been heard since the one before.
    var quietLooks: Int { connection?.quietLooks ?? 0 }
    func look() { connection?.look() }

    /// Opens the session anew, once nobody waits for it.
    func renew() { connection?.closeWhenIdle() }

    /// A session that began read-only stays so, when new ones are none any more.
    func renewIfReadOnly() {
        if let readOnlyAt, use.writesTried > readOnlyAt { renew() }
    }

    private func noteRefusal(_ why: WriteRefusal) {
        use.refused(why)
        if why == .readOnly, readOnlyAt == nil { readOnlyAt = use.writesTried }
    }

    /// Ends the session and opens none.
    func hold() {
        isHeld = true
        drop()
    }

    func release() {
        isHeld = false
        if isWanted { demand.wake() }
    }

    func stop() {
        isStopped = true
        drop()
        demand.wake()
    }

    /// Waits for the attempt that is under way, if the link is not open.
    nonisolated(nonsending) func opened() async throws(PostgresError) {
        if isOpen { return }
        if !isWanted {
            isWanted = true
            demand.wake()
        }
        // Lost a moment ago: the next attempt is about to begin. During a pause there is nothing to wait for.
        if connection != nil && attempt.isFulfilled { attempt = Promise() }
        await attempt.get()
        guard isOpen else { throw .unavailable }
    }

    /// The link's life: connect, wait for the end, wait a little, again.
    nonisolated(nonsending) func run() async {
        if !isWanted { await demand.wait() }
        var backoff = Backoff()
        while !isStopped {
            if isHeld {
                attempt.fulfil(())
                await demand.wait()
                continue
            }
            if attempt.isFulfilled { attempt = Promise() }
            connection = try? await connector.connect()
            let isConnected = connection != nil
            if isStopped { drop() }
            attempt.fulfil(())
            if let connection {
                readOnlyAt = nil
                connection.onRefusedWrite = { [weak self] in self?.noteRefusal($0) }
                backoff = Backoff()
                use.opened()
                await connection.ended.wait()
                use.closed()
            }
            connection = nil
            // A lost server may be back already; one that refused gets a rest.
            if !isStopped && !isConnected { await rest(backoff.next(entropy)) }
        }
        attempt.fulfil(())
    }

    private nonisolated(nonsending) func rest(_ period: Period) async {
        let timer = connector.reactor.schedule(afterNanoseconds: period.nanoseconds) { self.demand.wake() }
        await demand.wait()
        connector.reactor.cancel(timer)
    }
}

/// 50 ms, doubled up to 1 s, less up to a quarter by chance, so that workers do not come back in step.
struct Backoff {
    static let first: Period = .milliseconds(50)
    static let longest: Period = .seconds(1)

    private var current = first

    mutating func next(_ entropy: Entropy) -> Period {
        defer { current = min(current * 2, Self.longest) }
        return current * (1 - entropy.fraction() / 4)
    }
}
