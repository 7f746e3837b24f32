import Crypto
import JSON

/// The public key that somebody binds an access token to, as they may write it.
enum BoundKey {
    struct Mistake: Error, Equatable { let message: String }

    /// PEM, the raw 32 bytes in base64 or base64url, or a JSON Web Key (RFC 8037).
    static func read(_ value: JSONValue) throws(Mistake) -> Ed25519.PublicKey {
        let key: Ed25519.PublicKey?
        switch value {
        case .string(let text) where text.contains("-----BEGIN"): key = try fromPEM(text)
        case .string(let text): key = raw(text)
        case .object(let object): key = try fromJWK(object)
        default: key = nil
        }
        guard let key else {
            throw Mistake(
                message: """
                    must be an Ed25519 public key: as PEM, as its 32 bytes in base64, or as a JSON Web Key \
                    with "kty": "OKP" and "crv": "Ed25519"
                    """)
        }
        guard key.isOnCurve else { throw Mistake(message: "is no point that a key can be") }
        return key
    }

    private static func fromPEM(_ text: String) throws(Mistake) -> Ed25519.PublicKey? {
        do throws(CryptoError) {
            let key = try PublicKey(pem: text)
            guard key.kind == .ed25519 else { return nil }
            return try Ed25519.PublicKey(pem: key.pem)
        } catch .keyRefused(.privateHalf) {
            throw privateHalf
        } catch .keyRefused(let refusal) {
            throw Mistake(message: refusal.sentence)
        } catch {
            return nil
        }
    }

    private static func fromJWK(_ key: JSONObject) throws(Mistake) -> Ed25519.PublicKey? {
        guard key["d"] == nil else { throw privateHalf }
        guard key["kty"] == "OKP", key["crv"] == "Ed25519", let x = key["x"]?.asString else { return nil }
        return Base64.decode(x, alphabet: .url).flatMap { Ed25519.PublicKey($0) }
    }

    private static func raw(_ text: String) -> Ed25519.PublicKey? {
        let bytes = Base64.decode(text) ?? Base64.decode(text, alphabet: .url)
        return bytes.flatMap { Ed25519.PublicKey($0) }
    }

    private static let privateHalf = Mistake(
        message: "is a private key: it is known to more than its owner now, so make another pair")
}
