/// The 32 bytes that everything else hangs on: they wrap the key-encryption keys and give the derived keys.
/// Kept outside the database and its backups; never printed.
///
/// Written as `kbroot1_` and base64url of key ‖ CRC-32, so that a typing mistake is told from a foreign key.
package final class RootKey: Sendable {
    package static let keyBytes = 32
    package static let textPrefix = "kbroot1_"
    /// Prefix and 48 characters.
    package static let textBytes = textPrefix.utf8.count + (keyBytes + checksumBytes) / 3 * 4
    private static let checksumBytes = 4

    let key: Secret

    /// A fresh key.
    package init() throws(CryptoError) {
        key = try Secret(randomBytes: Self.keyBytes)
    }

    /// From 32 bytes, as combined shares give them.
    package init(copying bytes: borrowing Secret) throws(CryptoError) {
        guard bytes.count == Self.keyBytes else { throw .wrongLength(of: "root key") }
        key = try bytes.duplicate()
    }

    /// From the environment's text. White space around it is ignored.
    package convenience init(text: String) throws(RootKeyError) {
        try self.init(
            key: text.withRawBytes { text throws(RootKeyError) in try Self.parse(text) })
    }

    init(key: consuming Secret) {
        self.key = key
    }

    /// A key for one named use, the same at every start: HKDF-SHA256 under `purpose`.
    package func derive(_ purpose: String) throws(CryptoError) -> Secret {
        try HKDF.sha256(key: key, info: Array("keybell derived key: \(purpose)".utf8))
    }

    /// Tells root keys apart in messages and in the database without revealing them: 16 hex digits.
    package func fingerprint() throws(CryptoError) -> String {
        try derive("root key fingerprint").withBytes {
            Hex.encode(UnsafeRawBufferPointer(rebasing: $0[..<8]))
        }
    }
}

extension RootKey {
    static func parse(_ text: UnsafeRawBufferPointer) throws(RootKeyError) -> Secret {
        let trimmed = UnsafeRawBufferPointer(rebasing: trim(text))
        let prefix = Array(textPrefix.utf8)
        guard trimmed.count == textBytes, trimmed.starts(with: prefix) else { throw .notARootKey }
        do throws(CryptoError) {
            return try Scratch.withBytes(keyBytes + checksumBytes) { content throws(CryptoError) in
                let encoded = UnsafeRawBufferPointer(rebasing: trimmed[prefix.count...])
                guard Base64.decode(encoded, alphabet: .url, into: content) == content.count else {
                    throw .malformed("root key")
                }
                let key = UnsafeRawBufferPointer(rebasing: content[..<keyBytes])
                guard content[keyBytes...].elementsEqual(checksum(of: key)) else { throw .notAuthentic }
                return try Secret(copying: key)
            }
        } catch .malformed {
            throw .notARootKey
        } catch .notAuthentic {
            throw .wrongChecksum
        } catch {
            throw .crypto(error)
        }
    }

    /// The text and a line feed, for the file; wiped when the closure ends.
    func withTextLine<Result>(
        _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> Result
    ) throws(CryptoError) -> Result {
        try Scratch.withBytes(Self.keyBytes + Self.checksumBytes) { content throws(CryptoError) in
            key.withBytes { key in
                content.copyMemory(from: key)
                UnsafeMutableRawBufferPointer(rebasing: content[Self.keyBytes...])
                    .copyBytes(from: Self.checksum(of: key))
            }
            return try Scratch.withBytes(Self.textBytes + 1) { line throws(CryptoError) in
                line.copyBytes(from: Self.textPrefix.utf8)
                let encoded = UnsafeMutableRawBufferPointer(rebasing: line[Self.textPrefix.utf8.count...])
                Base64.encode(UnsafeRawBufferPointer(content), alphabet: .url, into: encoded)
                line[Self.textBytes] = UInt8(ascii: "\n")
                return try body(UnsafeRawBufferPointer(line))
            }
        }
    }

    private static func checksum(of key: UnsafeRawBufferPointer) -> [UInt8] {
        BigEndian.bytes(CRC32.checksum(key))
    }

    private static func trim(_ text: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
        let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0d).contains(byte) }
        let end = text.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? 0
        return text[..<end].drop(while: isBlank)
    }
}
