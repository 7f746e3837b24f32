package import EventLoop
package import Kernel

/// One statement on its way: sent, and some time answered. Await `rows()` now or after more have been sent.
package final class Query {
    enum Mode {
        /// Shares a group with its neighbours; when one of them fails, the others are sent again.
        case shared
        /// Has a group, and so a transaction, of its own.
        case alone
        /// Part of an explicit transaction: never sent again.
        case inTransaction
    }

    let statement: Statement
    let parameters: [Parameter]
    private(set) var mode: Mode
    /// The result, held back until the whole group is known to be done.
    private(set) var received: Result<Rows, PostgresError>?
    private(set) var wasAborted = false
    private var outcome: Result<Rows, PostgresError>?
    private var waiter: UnsafeContinuation<Void, Never>?
    private var wasSentAgain = false

    init(_ statement: Statement, _ parameters: [Parameter], mode: Mode) {
        (self.statement, self.parameters, self.mode) = (statement, parameters, mode)
    }

    /// What it answered, if that is known by now: of a statement that left before one that was awaited.
    package var answer: Rows? {
        if case .success(let rows) = outcome { rows } else { nil }
    }

    /// What the statement answered, once its group is done.
    @discardableResult
    package nonisolated(nonsending) func rows() async throws(PostgresError) -> Rows {
        if outcome == nil {
            await withUnsafeContinuation(suspend)
        }
        guard let outcome else { throw .unavailable }
        return try outcome.get()
    }

    /// For whoever would rather know that there is no answer yet. The statement goes on.
    package nonisolated(nonsending) func rows(
        within limit: Period, on reactor: Reactor
    ) async throws(PostgresError) -> Rows {
        let timer = reactor.schedule(afterNanoseconds: limit.nanoseconds) { [self] in
            waiter?.resume()
            waiter = nil
        }
        if outcome == nil {
            await withUnsafeContinuation(suspend)
        }
        reactor.cancel(timer)
        guard let outcome else { throw .timeout }
        return try outcome.get()
    }

    /// Asks again: entering an asynchronous function may hop, and the answer may come meanwhile.
    private func suspend(_ continuation: UnsafeContinuation<Void, Never>) {
        precondition(waiter == nil, "a query has one waiter")
        if outcome == nil { waiter = continuation } else { continuation.resume() }
    }

    func receive(_ rows: Rows) {
        guard received == nil else { return }
        switch rows.status {
        case .complete: received = .success(rows)
        case .aborted: wasAborted = true
        case .failed: received = .failure(PostgresError(rows.serverError))
        case .copyIn, .copyOut, .synchronised: received = .failure(.unavailable)
        }
    }

    var failure: PostgresError? {
        if case .failure(let error) = received { return error }
        return nil
    }

    /// Once only, alone; false when it was sent twice already.
    func prepareToSendAgain() -> Bool {
        guard mode == .shared || !wasSentAgain, mode != .inTransaction else { return false }
        wasSentAgain = mode == .alone
        (mode, received, wasAborted) = (.alone, nil, false)
        return true
    }

    func finish(_ result: Result<Rows, PostgresError>) {
        guard outcome == nil else { return }
        outcome = result
        waiter?.resume()
        waiter = nil
    }
}
