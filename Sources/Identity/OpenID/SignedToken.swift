import Crypto
package import JSON

/// A JSON Web Signature in its compact form (RFC 7515, 7.1), taken apart strictly, and not yet believed.
package struct SignedToken: Sendable {
    /// An ID token with hundreds of groups has some 16 KB.
    package static let bytesAtMost = 65_536
    /// Small, flat documents: whoever sends another shape sends something else.
    private static let limits = JSONLimits(depth: 16, textBytes: bytesAtMost, members: 2_000)

    package let algorithm: TokenAlgorithm
    package let keyID: String?
    /// Unverified until `isSigned(by:)` said so.
    package let claims: JSONObject
    private let signed: [UInt8]
    private let signature: [UInt8]

    package init(
        _ text: String, allowing algorithms: Set<TokenAlgorithm> = Set(TokenAlgorithm.allCases)
    ) throws(TokenRefusal) {
        guard text.utf8.count <= Self.bytesAtMost else { throw .tooLong }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else { throw .malformed }
        let header = try Self.object(parts[0])
        (algorithm, keyID) = try Self.read(header, allowing: algorithms)
        claims = try Self.object(parts[1])
        guard let signature = Base64.decode(parts[2], alphabet: .url) else { throw .malformed }
        self.signature = signature
        signed = Array("\(parts[0]).\(parts[1])".utf8)
    }

    func isSigned(by key: PublicKey) -> Bool {
        key.kind == algorithm.kind && key.isValid(signature, for: signed, ecdsa: .raw)
    }

    private static func object(_ part: String) throws(TokenRefusal) -> JSONObject {
        guard let bytes = Base64.decode(part, alphabet: .url),
            case .object(let object)? = try? JSONValue.parse(bytes, limits: limits)
        else { throw .malformed }
        return object
    }

    /// What would bring a key along, or lead to one, is refused even though nothing here would follow it; so
    /// is what must be understood (RFC 7515, 4.1.11), since no extension is.
    private static let refused = ["crit", "jku", "jwk", "x5u"]

    private static func read(
        _ header: JSONObject, allowing algorithms: Set<TokenAlgorithm>
    ) throws(TokenRefusal) -> (TokenAlgorithm, String?) {
        guard case .string(let name)? = header["alg"] else { throw .malformed }
        guard let algorithm = TokenAlgorithm(rawValue: name), algorithms.contains(algorithm) else {
            throw .algorithm
        }
        if refused.contains(where: header.contains) { throw .header }
        // Access tokens (at+jwt, RFC 9068) and the like are signed by the same keys.
        if let type = header["typ"], type.asString?.lowercased() != "jwt" { throw .header }
        guard let keyID = header["kid"] else { return (algorithm, nil) }
        guard case .string(let keyID) = keyID else { throw .malformed }
        return (algorithm, keyID)
    }
}
