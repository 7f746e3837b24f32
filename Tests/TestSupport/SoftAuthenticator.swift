import Crypto
package import JSON

/// A passkey in memory that answers as a browser does: ES256, user verified.
package final class SoftAuthenticator {
    package let credential: [UInt8]
    package var count: UInt32
    private let key: PrivateKey
    private let origin: String

    package init(origin: String, credential: [UInt8], count: UInt32 = 1) throws {
        key = try PrivateKey.generate(.p256)
        (self.origin, self.credential, self.count) = (origin, credential, count)
    }

    private var domain: String {
        String(origin.drop { $0 != "/" }.dropFirst(2).prefix { $0 != ":" })
    }

    /// What `navigator.credentials.create` gives, as JSON.
    /// - Parameter options: with `challenge`, as the service writes them.
    package func register(_ options: JSONValue?) -> JSONValue {
        let client = clientData("webauthn.create", options)
        return answer([
            "clientDataJSON": .string(Base64.encode(client, alphabet: .url)),
            "attestationObject": .string(Base64.encode(attestation, alphabet: .url)),
        ])
    }

    /// What `navigator.credentials.get` gives, as JSON; counts on.
    package func sign(_ options: JSONValue?, user: [UInt8]? = nil, flags: UInt8 = 0x05) throws -> JSONValue {
        count += 1
        let client = clientData("webauthn.get", options)
        let data = authenticatorData(flags)
        let signature = try key.signature(for: data + SHA256.hash(client), ecdsa: .der)
        return answer([
            "clientDataJSON": .string(Base64.encode(client, alphabet: .url)),
            "authenticatorData": .string(Base64.encode(data, alphabet: .url)),
            "signature": .string(Base64.encode(signature, alphabet: .url)),
            "userHandle": user.map { .string(Base64.encode($0, alphabet: .url)) } ?? .null,
        ])
    }

    private func answer(_ response: JSONValue) -> JSONValue {
        let id = JSONValue.string(Base64.encode(credential, alphabet: .url))
        return ["id": id, "rawId": id, "type": "public-key", "response": response]
    }

    private func clientData(_ type: String, _ options: JSONValue?) -> [UInt8] {
        let data: JSONValue = [
            "type": .string(type), "challenge": options?["challenge"] ?? .null, "origin": .string(origin),
            "crossOrigin": false,
        ]
        return data.bytes
    }

    private func authenticatorData(_ flags: UInt8) -> [UInt8] {
        SHA256.hash(domain) + [flags] + withUnsafeBytes(of: count.bigEndian) { Array($0) }
    }

    // CBOR by hand (RFC 8949): what is parsed is not written by what parses it.

    private var attestation: [UInt8] {
        let length = withUnsafeBytes(of: UInt16(credential.count).bigEndian) { Array($0) }
        let attested = [UInt8](repeating: 0, count: 16) + length + credential + coseKey
        let data = authenticatorData(0x45) + attested
        precondition((24..<256).contains(data.count), "its length has one byte")
        return [0xA3] + text("fmt") + text("none") + text("attStmt") + [0xA0] + text("authData") + [0x58]
            + [UInt8(data.count)] + data
    }

    private var coseKey: [UInt8] {
        // The last 64 bytes of the key's DER are its point.
        let pem = key.publicKey.pem.split(separator: "\n").dropFirst().dropLast().joined()
        let point = (Base64.decode(pem) ?? []).suffix(64)
        return [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20] + point.prefix(32)
            + [0x22, 0x58, 0x20] + point.suffix(32)
    }

    private func text(_ text: String) -> [UInt8] { [0x60 | UInt8(text.utf8.count)] + Array(text.utf8) }
}
