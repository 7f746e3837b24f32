/// A value that arrives once. Whoever waits before it does is suspended, in order; later ones get it at once.
public final class Promise<Value> {
    private var value: Value?
    private var waiters: [UnsafeContinuation<Void, Never>] = []

    public init() {}

    public var isFulfilled: Bool { value != nil }

    /// The first value counts; later ones are ignored.
    public func fulfil(_ value: Value) {
        guard self.value == nil else { return }
        self.value = value
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.resume() }
    }

    public nonisolated(nonsending) func get() async -> Value {
        while true {
            if let value { return value }
            // Asked again: entering an asynchronous function may hop, and the value may come meanwhile.
            await withUnsafeContinuation { if isFulfilled { $0.resume() } else { waiters.append($0) } }
        }
    }
}
