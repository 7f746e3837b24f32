/// What a text may cost us. Every bound is checked before the memory is spent.
package struct JSONLimits: Sendable {
    /// Nested containers; bounds the reader's and the destructor's stack.
    package var depth: Int
    /// The whole text, in bytes.
    package var textBytes: Int
    /// One string or name between its quotes, in bytes as written.
    package var stringBytes: Int
    /// One number, in characters; bounds the exact conversion to a double.
    package var numberBytes: Int
    /// Elements of one array or members of one object.
    package var members: Int

    /// For request bodies: deep and wide enough for a bulk request, small enough for a thousand connections.
    package static let standard = JSONLimits()

    /// A caller names only what differs from the standard.
    package init(
        depth: Int = 64, textBytes: Int = 1 << 20, stringBytes: Int = 1 << 18, numberBytes: Int = 512,
        members: Int = 10_000
    ) {
        precondition((1...256).contains(depth), "the reader recurses: keep the depth within the stack")
        self.depth = depth
        self.textBytes = textBytes
        self.stringBytes = stringBytes
        self.numberBytes = numberBytes
        self.members = members
    }
}
