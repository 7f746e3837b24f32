/// A key prepared for many messages: both padded key blocks are hashed once and kept in guarded memory, which
/// saves half the work for a short message. Immutable, so every thread may use it at once.
package final class HMACKey: Sendable {
    package enum Algorithm: Sendable {
        case sha256
        case sha512
    }

    package let algorithm: Algorithm
    private let state: Secret

    package init(_ key: borrowing Secret, _ algorithm: Algorithm = .sha256) throws(CryptoError) {
        self.algorithm = algorithm
        state = try key.withBytes { key throws(CryptoError) in
            switch algorithm {
            case .sha256: try Self.prepared(HMACState<SHA256>(key: key))
            case .sha512: try Self.prepared(HMACState<SHA512>(key: key))
            }
        }
    }

    package convenience init(_ key: [UInt8], _ algorithm: Algorithm = .sha256) throws(CryptoError) {
        try self.init(Secret(copying: key), algorithm)
    }

    /// The code of the parts joined, without joining them.
    package func code(for parts: [UInt8]...) -> [UInt8] {
        switch algorithm {
        case .sha256: code(HMACState<SHA256>.self, parts)
        case .sha512: code(HMACState<SHA512>.self, parts)
        }
    }

    package func code(for message: String) -> [UInt8] {
        code(for: Array(message.utf8))
    }

    /// Compares in constant time.
    package func isValid(_ code: [UInt8], for parts: [UInt8]...) -> Bool {
        let expected =
            switch algorithm {
            case .sha256: self.code(HMACState<SHA256>.self, parts)
            case .sha512: self.code(HMACState<SHA512>.self, parts)
            }
        return ConstantTime.equal(code, expected)
    }

    private func code<Hash: HashFunction>(_: HMACState<Hash>.Type, _ parts: [[UInt8]]) -> [UInt8] {
        var running = state.withBytes { $0.load(as: HMACState<Hash>.self) }
        for part in parts {
            part.withRawBytes { running.update($0) }
        }
        return running.finalize()
    }

    private static func prepared<Hash: HashFunction>(_ state: HMACState<Hash>) throws(CryptoError) -> Secret {
        try Secret(count: MemoryLayout<HMACState<Hash>>.size) { memory in
            memory.storeBytes(of: state, as: HMACState<Hash>.self)
        }
    }
}
