package import EventLoop

/// One session outside a pipeline, for one user at a time: scripts of several statements, COPY, LISTEN. It
/// reads only when its user wants more, so that a slow consumer of a copy slows the server, not our memory.
package final class PlainConnection: ReadinessHandler {
    let session: Session
    private let reactor: Reactor
    /// Kept, because libpq forgets it when it finds the session lost.
    private let descriptor: Int32
    private let progress = Wakeup()
    private(set) var isOpen = true
    /// Instead of a user that waits: called at every readiness.
    var onProgress: (() -> Void)?

    init(_ session: Session, on reactor: Reactor) throws(PostgresError) {
        (self.session, self.reactor, descriptor) = (session, reactor, session.descriptor)
        guard session.setNonBlocking(), (try? reactor.watch(descriptor, handler: self)) != nil else {
            throw .unavailable
        }
    }

    package func close() {
        guard isOpen else { return }
        isOpen = false
        reactor.unwatch(descriptor)
        session.finish()
        progress.wake()
    }

    package func ready(_ readiness: Readiness) {
        if let onProgress { onProgress() } else { progress.wake() }
    }

    /// Runs a script (simple protocol: no parameters, results as text) and answers its last result.
    @discardableResult
    package nonisolated(nonsending) func run(_ sql: String) async throws(PostgresError) -> Rows? {
        guard isOpen, session.sendSimple(sql) else { throw .unavailable }
        return try await lastResult()
    }

    /// Reads results up to the end of the script, or to where a copy begins; the first error wins.
    nonisolated(nonsending) func lastResult() async throws(PostgresError) -> Rows? {
        var last: Rows?
        var failure: PostgresError?
        while let rows = try await nextResult() {
            if rows.status == .failed { failure = failure ?? PostgresError(rows.serverError) }
            last = rows
            if rows.status == .copyIn || rows.status == .copyOut { break }
        }
        if let failure { throw failure }
        return last
    }

    private nonisolated(nonsending) func nextResult() async throws(PostgresError) -> Rows? {
        while true {
            try await flush()
            if !session.isBusy { return session.nextResult() }
            try await receive()
        }
    }

    /// Until libpq's buffer is empty: back-pressure for whoever fills it.
    nonisolated(nonsending) func flush() async throws(PostgresError) {
        while isOpen {
            switch session.flush() {
            case .done: return
            case .pending: await progress.wait()
            case .failed: close()
            }
        }
        throw .unavailable
    }

    /// Takes what has arrived, or waits for more. Readiness is edge-triggered and libpq does not read to the
    /// end, so the socket is asked first.
    nonisolated(nonsending) func receive() async throws(PostgresError) {
        if isOpen && !session.hasInput { await progress.wait() }
        if isOpen && !session.consumeInput() { close() }
        guard isOpen else { throw .unavailable }
    }
}

extension Connector {
    package nonisolated(nonsending) func plainConnection() async throws(PostgresError) -> PlainConnection {
        try PlainConnection(try await plainSession(), on: reactor)
    }
}
