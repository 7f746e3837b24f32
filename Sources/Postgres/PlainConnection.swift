package import EventLoop

/// One session outside a pipeline, for one user at a time: scripts of several statements, COPY, LISTEN.
package final class PlainConnection: ReadinessHandler {
    let session: Session
    let reactor: Reactor
    private let progress = Wakeup()
    private var isWaitingToWrite = false
    private(set) var isOpen = true
    var onInput: (() -> Void)?

    init(_ session: Session, on reactor: Reactor) throws(PostgresError) {
        (self.session, self.reactor) = (session, reactor)
        guard session.setNonBlocking(),
            (try? reactor.watch(session.descriptor, for: .readable, edgeTriggered: false, handler: self))
                != nil
        else { throw .unavailable }
    }

    package func close() {
        guard isOpen else { return }
        isOpen = false
        reactor.unwatch(session.descriptor)
        session.finish()
        progress.wake()
        onInput?()
    }

    package func ready(_ readiness: Readiness) {
        if readiness.contains(.readable), !session.consumeInput() { return close() }
        if readiness.contains(.writable) { awaitWritable(false) }
        progress.wake()
        onInput?()
    }

    /// Runs a script (simple protocol: no parameters, results as text) and answers its last result.
    @discardableResult
    package nonisolated(nonsending) func run(_ sql: String) async throws(PostgresError) -> Rows? {
        try sendSimple(sql)
        return try await lastResult()
    }

    func sendSimple(_ sql: String) throws(PostgresError) {
        guard isOpen, session.sendSimple(sql) else { throw .unavailable }
    }

    /// Reads results up to the end of the script; the first error wins.
    nonisolated(nonsending) func lastResult() async throws(PostgresError) -> Rows? {
        var last: Rows?
        var failure: PostgresError?
        while let rows = try await nextResult() {
            if rows.status == .failed { failure = failure ?? PostgresError(rows.serverError) }
            last = rows
            // A copy goes on: whoever asked for it takes over.
            if rows.status == .copyIn || rows.status == .copyOut { break }
        }
        if let failure { throw failure }
        return last
    }

    nonisolated(nonsending) func nextResult() async throws(PostgresError) -> Rows? {
        while true {
            try await flush()
            guard isOpen else { throw .unavailable }
            if !session.isBusy { return session.nextResult() }
            await progress.wait()
        }
    }

    /// Until libpq's buffer is empty: back-pressure for whoever fills it.
    nonisolated(nonsending) func flush() async throws(PostgresError) {
        while true {
            guard isOpen else { throw .unavailable }
            switch session.flush() {
            case .done: return
            case .failed:
                close()
                throw .unavailable
            case .pending:
                awaitWritable(true)
                await progress.wait()
            }
        }
    }

    nonisolated(nonsending) func awaitInput() async throws(PostgresError) {
        await progress.wait()
        guard isOpen else { throw .unavailable }
    }

    private func awaitWritable(_ wanted: Bool) {
        guard wanted != isWaitingToWrite else { return }
        isWaitingToWrite = wanted
        try? reactor.change(session.descriptor, to: wanted ? [.readable, .writable] : .readable)
    }
}

extension Connector {
    package nonisolated(nonsending) func plainConnection() async throws(PostgresError) -> PlainConnection {
        try PlainConnection(try await plainSession(), on: reactor)
    }
}
