/// A hash as a value: copying it forks the computation, which is how HMAC keys are prepared once.
package protocol HashFunction: Sendable {
    static var digestBytes: Int { get }
    /// The input block, RFC 2104's B.
    static var blockBytes: Int { get }

    init()
    mutating func update(_ bytes: UnsafeRawBufferPointer)
    /// Writes `digestBytes` bytes; the value must not be updated afterwards.
    mutating func finalize(into digest: UnsafeMutableRawBufferPointer)
}

extension HashFunction {
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var state = Self()
        state.update(bytes)
        return state.finalize()
    }

    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withRawBytes { hash($0) }
    }

    /// Hashes the text's UTF-8.
    package static func hash(_ text: String) -> [UInt8] {
        text.withRawBytes { hash($0) }
    }

    package mutating func update(_ bytes: [UInt8]) {
        bytes.withRawBytes { update($0) }
    }

    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { update($0) }
    }

    package mutating func update(_ text: String) {
        text.withRawBytes { update($0) }
    }

    /// The digest; the value must not be updated afterwards.
    package mutating func finalize() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.digestBytes) { buffer, count in
            finalize(into: UnsafeMutableRawBufferPointer(buffer))
            count = Self.digestBytes
        }
    }
}
