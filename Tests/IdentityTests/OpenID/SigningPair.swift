import Crypto
import JSON

@testable import Identity

/// A provider's key, both halves, and what it signs.
struct SigningPair: Sendable {
    let id: String
    let algorithm: TokenAlgorithm
    let key: PrivateKey
    /// Neither the key nor its tokens say its name unless this is set.
    let isNamed: Bool

    init(_ id: String, _ algorithm: TokenAlgorithm, isNamed: Bool = true) throws {
        (self.id, self.algorithm, self.isNamed) = (id, algorithm, isNamed)
        key = try PrivateKey.generate(algorithm.kind)
    }

    /// SubjectPublicKeyInfo. The numbers stand at its end.
    private var der: [UInt8] {
        let lines = key.publicKey.pem.split(separator: "\n").dropFirst().dropLast()
        return Base64.decode(lines.joined()) ?? []
    }

    /// The public half, as RFC 7517 has it.
    var jwk: JSONObject {
        var jwk = JSONObject()
        var members: [(String, JSONValue)] = [
            ("kid", .string(id)), ("use", "sig"), ("alg", .string(algorithm.rawValue)),
        ]
        switch algorithm {
        case .edDSA:
            members += [("kty", "OKP"), ("crv", "Ed25519"), ("x", text(der.suffix(32)))]
        case .es256:
            members += [("kty", "EC"), ("crv", "P-256")]
            members += [("x", text(der.suffix(64).prefix(32))), ("y", text(der.suffix(32)))]
        case .rs256:
            // … modulus of 256 bytes, INTEGER 65537.
            members += [("kty", "RSA"), ("n", text(der.suffix(261).prefix(256))), ("e", "AQAB")]
        }
        for (name, value) in members where isNamed || name != "kid" { _ = jwk.append(name, value) }
        return jwk
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> JSONValue {
        .string(Base64.encode(Array(bytes), alphabet: .url))
    }

    /// A token whose header names this key, unless it is told otherwise.
    func token(_ claims: JSONValue, header: JSONValue? = nil) throws -> String {
        let named: JSONValue = ["alg": .string(algorithm.rawValue), "kid": .string(id), "typ": "JWT"]
        let plain = isNamed ? named : named.with("kid", nil)
        let signed = Self.part(header ?? plain) + "." + Self.part(claims)
        let signature = try key.signature(for: Array(signed.utf8), ecdsa: .raw)
        return signed + "." + Base64.encode(signature, alphabet: .url)
    }

    static func part(_ value: JSONValue) -> String { Base64.encode(value.bytes, alphabet: .url) }
}

extension JSONValue {
    /// An object with one member more, or another; nil takes it away.
    func with(_ name: String, _ value: JSONValue?) -> JSONValue {
        var object = JSONObject()
        for member in asObject?.members ?? [] where member.name != name {
            _ = object.append(member.name, member.value)
        }
        if let value { _ = object.append(name, value) }
        return .object(object)
    }
}

extension KeySet {
    static func of(_ pairs: SigningPair...) throws -> KeySet? {
        KeySet(["keys": .array(pairs.map { .object($0.jwk) })])
    }
}
