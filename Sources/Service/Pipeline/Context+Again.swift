import Access

extension Context {
    /// The same request under what holds now: what it is done only once by, and since when it is there, stay.
    func again(under fresh: Context) -> Context {
        var context = fresh
        (context.idempotency, context.begun) = (idempotency, begun)
        return context
    }
}
