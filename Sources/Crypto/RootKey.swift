/// The 32 bytes that everything else hangs on: they wrap the key-encryption keys and give the derived keys.
/// Kept outside the database and its backups; never printed.
///
/// Written as `kbroot1_` and base64url of key ‖ CRC-32, so that a typing mistake is told from a foreign key.
package final class RootKey: Sendable {
    package static let keyBytes = 32
    package static let textPrefix = "kbroot1_"
    private static let text = ChecksummedText(prefix: textPrefix, contentBytes: keyBytes)
    /// Prefix and 48 characters.
    package static let textBytes = text.textBytes

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
        do throws(ChecksummedText.Mistake) {
            return try Self.text.parse(text) { key throws(CryptoError) in try Secret(copying: key) }
        } catch .wrongChecksum {
            throw .wrongChecksum
        } catch .crypto(let error) {
            throw .crypto(error)
        } catch {
            throw .notARootKey
        }
    }

    /// The text and a line feed, for the file; wiped when the closure ends.
    func withTextLine<Result>(
        _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> Result
    ) throws(CryptoError) -> Result {
        try Self.text.withLine(
            filledBy: { content in key.withBytes { content.copyMemory(from: $0) } }, body)
    }
}
