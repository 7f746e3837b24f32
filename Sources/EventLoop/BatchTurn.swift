import Kernel
import Synchronization

/// One batch of a node at a time. Batches of two loops meet at the same rows (counters of keys, a webhook's
/// numbers): the second would wait for them inside the database with what it held when it was sent, and here
/// it goes on collecting.
///
/// A courtesy, and no lock: who waited long enough goes anyway, so that a batch that hangs at one key holds
/// nobody else up for long.
package final class BatchTurn: Sendable {
    /// Some batches' length.
    static let patience: Period = .milliseconds(20)

    private struct Waiter {
        let number: UInt64
        let continuation: UnsafeContinuation<Void, Never>
    }

    private struct State {
        var holders = 0
        var waiters: [Waiter] = []
        var lastNumber: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    package nonisolated(nonsending) func take(on reactor: Reactor) async {
        var timer: TimerID?
        await withUnsafeContinuation { continuation in
            guard let number = join(continuation) else { return continuation.resume() }
            timer = reactor.schedule(afterNanoseconds: Self.patience.nanoseconds) { self.hurry(number) }
        }
        if let timer { reactor.cancel(timer) }
    }

    /// Nil when it is free.
    private func join(_ continuation: UnsafeContinuation<Void, Never>) -> UInt64? {
        state.withLock { state in
            guard state.holders > 0 else {
                state.holders = 1
                return nil
            }
            state.lastNumber += 1
            state.waiters.append(Waiter(number: state.lastNumber, continuation: continuation))
            return state.lastNumber
        }
    }

    private func hurry(_ number: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let place = state.waiters.firstIndex(where: { $0.number == number }) else { return nil }
            state.holders += 1
            return state.waiters.remove(at: place)
        }
        waiter?.continuation.resume()
    }

    package func giveBack() {
        let next = state.withLock { state -> Waiter? in
            state.holders -= 1
            guard state.holders == 0, !state.waiters.isEmpty else { return nil }
            state.holders = 1
            return state.waiters.removeFirst()
        }
        next?.continuation.resume()
    }
}
