/// A bell for one waiter. Rung before the wait, it is remembered; rung twice, it counts once.
public final class Wakeup {
    private var waiter: UnsafeContinuation<Void, Never>?
    private var isRung = false

    public init() {}

    public nonisolated(nonsending) func wait() async {
        if isRung {
            isRung = false
            return
        }
        await withUnsafeContinuation(suspend)
    }

    /// Asks again whether it rang: entering an asynchronous function may hop, and a ring between the question
    /// and the suspension would be lost.
    private func suspend(_ continuation: UnsafeContinuation<Void, Never>) {
        precondition(waiter == nil, "one waiter at a time")
        if isRung {
            isRung = false
            continuation.resume()
        } else {
            waiter = continuation
        }
    }

    public func wake() {
        guard let waiter else {
            isRung = true
            return
        }
        self.waiter = nil
        waiter.resume()
    }
}
