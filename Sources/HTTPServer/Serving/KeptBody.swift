/// The body of an answer that is given more than once. It is compressed once, when the first client wants
/// that.
package final class KeptBody {
    package let bytes: [UInt8]
    private var compressed: [UInt8] = []

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// What it takes in memory by now.
    package var heldBytes: Int { bytes.capacity + compressed.capacity }

    func compressed(by encoder: GzipEncoder) -> [UInt8] {
        let bytes = bytes
        if compressed.isEmpty { compressed = encoder.compress(bytes.span) }
        return compressed
    }
}
