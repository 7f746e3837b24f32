import Crypto
package import JSON

/// A provider's public keys (RFC 7517), as far as they sign tokens that we take.
package struct KeySet: Sendable {
    struct Entry: Sendable {
        let id: String?
        let key: PublicKey
    }

    /// Providers have two or three; more are not looked at.
    private static let entriesAtMost = 64

    let entries: [Entry]

    /// Nil when it is no key set. Keys that we do not understand are passed over (section 5): they may be for
    /// somebody else.
    package init?(_ document: JSONValue) {
        guard let keys = document["keys"]?.asArray else { return nil }
        entries = keys.prefix(Self.entriesAtMost).compactMap(Entry.init)
    }

    /// The token was signed by a key of this set, which its header names, or which is the only one that it
    /// can be.
    package func verify(_ token: SignedToken) throws(TokenRefusal) {
        let fitting = entries.filter { $0.key.kind == token.algorithm.kind }
        let candidates: [Entry]
        if let keyID = token.keyID {
            let named = entries.filter { $0.id == keyID }
            guard !named.isEmpty else { throw .unknownKey }
            candidates = named.filter { $0.key.kind == token.algorithm.kind }
            guard !candidates.isEmpty else { throw .otherKindOfKey }
        } else {
            guard fitting.count == 1 else { throw .unknownKey }
            candidates = fitting
        }
        guard candidates.contains(where: { token.isSigned(by: $0.key) }) else { throw .signature }
    }
}

extension KeySet.Entry {
    fileprivate init?(_ jwk: JSONValue) {
        guard let jwk = jwk.asObject, Self.isForSignatures(jwk), let key = Self.key(jwk),
            jwk["alg"].map({ $0.asString == key.algorithm.rawValue }) ?? true
        else { return nil }
        if let id = jwk["kid"], id.asString == nil { return nil }
        (id, self.key) = (jwk["kid"]?.asString, key.key)
    }

    private static func isForSignatures(_ jwk: JSONObject) -> Bool {
        if let use = jwk["use"], use.asString != "sig" { return false }
        guard let operations = jwk["key_ops"] else { return true }
        return operations.asArray?.contains(.string("verify")) ?? false
    }

    private static func key(_ jwk: JSONObject) -> (algorithm: TokenAlgorithm, key: PublicKey)? {
        guard let (algorithm, numbers) = numbers(jwk), let key = try? PublicKey(numbers) else { return nil }
        return (algorithm, key)
    }

    /// RFC 7518, section 6; RFC 8037.
    private static func numbers(_ jwk: JSONObject) -> (TokenAlgorithm, PublicKey.Numbers)? {
        func bytes(_ name: String) -> [UInt8]? {
            jwk[name]?.asString.flatMap { Base64.decode($0, alphabet: .url) }
        }
        switch (jwk["kty"]?.asString, jwk["crv"]?.asString) {
        case ("RSA", _):
            guard let n = bytes("n"), let e = bytes("e"), isExponent(e) else { return nil }
            return (.rs256, .rsa(modulus: n, exponent: e))
        case ("EC", "P-256"):
            guard let x = bytes("x"), let y = bytes("y"), x.count == 32, y.count == 32 else { return nil }
            return (.es256, .p256(x: x, y: y))
        case ("OKP", "Ed25519"):
            guard let x = bytes("x"), x.count == 32 else { return nil }
            return (.edDSA, .ed25519(x))
        default: return nil
        }
    }

    /// Odd and above 1; what is longer than 32 bits only costs time.
    private static func isExponent(_ bytes: [UInt8]) -> Bool {
        let digits = Array(bytes.drop { $0 == 0 })
        guard let last = digits.last, digits.count <= 4 else { return false }
        return last % 2 == 1 && digits != [1]
    }
}
