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
        precondition(waiter == nil, "one waiter at a time")
        await withUnsafeContinuation { waiter = $0 }
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
