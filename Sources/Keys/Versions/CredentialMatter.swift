import Crypto
import Exchanges
import JSON
import Kernel

/// A credential in the clear, on its way to the seal or from it. Its bytes stand in guarded memory and are
/// wiped with it.
final class CredentialMatter: Sendable {
    let exchange: ExchangeName
    let kind: Exchange.CredentialKind
    let publicKeyPEM: String?
    /// Empty while a generated pair waits for it.
    let apiKey: String
    /// API key, secret and passphrase, each after its length; a length of all ones is "none".
    let bytes: Secret
    /// Signs; nil while there is no API key.
    let credential: ExchangeCredential?
    private let fingerprintOf: @Sendable (HMACKey) -> [UInt8]

    /// What somebody pasted.
    init(exchange: ExchangeName, apiKey: String, secret: String, passphrase: String?) throws {
        let opened: ExchangeCredential
        do throws(CredentialError) {
            opened = try ExchangeCredential(
                exchange: exchange, apiKey: apiKey, secret: secret, passphrase: passphrase)
        } catch {
            throw FieldErrors(
                FieldError(
                    pointer: "/credential/\(error.field.rawValue)", code: FieldCode.malformed,
                    message: error.sentence))
        }
        self.exchange = exchange
        self.apiKey = apiKey
        (kind, publicKeyPEM, credential) = (opened.kind, opened.publicKeyPEM, opened)
        fingerprintOf = { opened.fingerprint(under: $0) }
        var text = Array(secret.utf8)
        defer { text.wipe() }
        var word = passphrase.map { Array($0.utf8) }
        defer { word?.wipe() }
        bytes = try Self.joined(Array(apiKey.utf8), text, word)
    }

    /// A pair made here; the exchange has no name for it yet.
    init(exchange: ExchangeName, generated pair: PrivateKey) throws {
        let pem = try pair.pkcs8PEM()
        // Parsed as what it will be once it has a name: the fingerprint is the same.
        let named = try ExchangeCredential(
            exchange: exchange, apiKey: "waiting", secret: pem, passphrase: nil)
        self.exchange = exchange
        (apiKey, credential) = ("", nil)
        (kind, publicKeyPEM) = (named.kind, named.publicKeyPEM)
        fingerprintOf = { named.fingerprint(under: $0) }
        var text = pem.withBytes { Array($0) }
        defer { text.wipe() }
        bytes = try Self.joined([], text, nil)
    }

    /// What was sealed.
    init(exchange: ExchangeName, opened: consuming Secret) throws {
        var parts = try opened.withBytes { try Self.split($0) }
        defer { for index in parts.indices { parts[index]?.wipe() } }
        let apiKey = String(decoding: parts[0] ?? [], as: UTF8.self)
        let secret = try Secret(copying: parts[1] ?? [])
        let passphrase: Secret? = if let word = parts[2] { try Secret(copying: word) } else { nil }
        let named = try ExchangeCredential(
            exchange: exchange, apiKey: apiKey.isEmpty ? "waiting" : apiKey, secret: secret,
            passphrase: passphrase)
        self.exchange = exchange
        self.apiKey = apiKey
        (kind, publicKeyPEM) = (named.kind, named.publicKeyPEM)
        credential = apiKey.isEmpty ? nil : named
        fingerprintOf = { named.fingerprint(under: $0) }
        bytes = try opened.duplicate()
    }

    /// The same pair under the name that the exchange gave it.
    func named(_ apiKey: String) throws -> CredentialMatter {
        var parts = try bytes.withBytes { try Self.split($0) }
        defer { for index in parts.indices { parts[index]?.wipe() } }
        let joined = try Self.joined(Array(apiKey.utf8), parts[1] ?? [], parts[2])
        do {
            return try CredentialMatter(exchange: exchange, opened: joined)
        } catch let error as CredentialError {
            throw FieldErrors(
                FieldError(
                    pointer: "/\(error.field.rawValue)", code: FieldCode.malformed, message: error.sentence))
        }
    }

    /// Whether the secret or the passphrase stands in bytes from outside.
    /// It is asked of every answer, so nothing is copied, and the search is the system's: Swift's own took a
    /// tenth of a proxied request.
    func isSeen(in text: [UInt8]) throws -> Bool {
        try bytes.withBytes { bytes in
            try Self.places(in: bytes).dropFirst().contains { place in
                guard let place, !place.isEmpty else { return false }
                let part = UnsafeRawBufferPointer(rebasing: bytes[place])
                return text.withUnsafeBytes { $0.holds(part) }
            }
        }
    }

    func fingerprint(under key: HMACKey) -> [UInt8] { fingerprintOf(key) }

    /// For the one answer that reveals them: API key, secret, passphrase.
    func parts() throws -> (apiKey: String, secret: String, passphrase: String?) {
        var parts = try bytes.withBytes { try Self.split($0) }
        defer { for index in parts.indices { parts[index]?.wipe() } }
        return (
            apiKey, String(decoding: parts[1] ?? [], as: UTF8.self),
            parts[2].map { String(decoding: $0, as: UTF8.self) }
        )
    }
}

// MARK: Layout

extension CredentialMatter {
    private static let lengthBytes = 4
    private static let none = UInt32.max

    private static func joined(_ parts: [UInt8]?...) throws -> Secret {
        let count = parts.reduce(0) { $0 + lengthBytes + ($1?.count ?? 0) }
        return try Secret(count: count) { memory in
            var place = 0
            for part in parts {
                memory.storeBytes(
                    of: (part.map { UInt32($0.count) } ?? none).bigEndian, toByteOffset: place,
                    as: UInt32.self)
                place += lengthBytes
                guard let part else { continue }
                UnsafeMutableRawBufferPointer(rebasing: memory[place...]).copyBytes(from: part)
                place += part.count
            }
        }
    }

    private static func split(_ bytes: UnsafeRawBufferPointer) throws -> [[UInt8]?] {
        try places(in: bytes).map { place in place.map { Array(bytes[$0]) } }
    }

    /// Three parts; sealed bytes were written by us, or would not have opened.
    private static func places(in bytes: UnsafeRawBufferPointer) throws -> [Range<Int>?] {
        var parts: [Range<Int>?] = []
        var place = 0
        while place + lengthBytes <= bytes.count {
            let length = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
            place += lengthBytes
            guard length != none else {
                parts.append(nil)
                continue
            }
            guard place + Int(length) <= bytes.count else { throw SealingError.malformed }
            parts.append(place..<place + Int(length))
            place += Int(length)
        }
        guard parts.count == 3 else { throw SealingError.malformed }
        return parts
    }
}
