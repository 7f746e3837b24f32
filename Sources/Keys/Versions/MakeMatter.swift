import Kernel
package import Crypto
import Exchanges
import JSON

/// Makes a key pair. RSA takes up to seconds, so it happens off the loop.
package typealias MakePair =
    nonisolated(nonsending) (PrivateKey.Kind, _ rsaBits: Int) async throws ->
    PrivateKey

/// A credential from what a client sent: parsed, or made.
struct MakeMatter {
    private let makePair: MakePair

    init(_ makePair: @escaping MakePair) { self.makePair = makePair }

    /// - Throws: `FieldErrors` that name the field and never its value.
    nonisolated(nonsending) func callAsFunction(
        _ draft: CredentialDraft, _ exchange: ExchangeName
    ) async throws -> CredentialMatter {
        switch draft.matter {
        case .brought(let kind, let apiKey, let secret, let passphrase):
            let matter = try CredentialMatter(
                exchange: exchange, apiKey: apiKey, secret: secret, passphrase: passphrase)
            guard kind == nil || kind == matter.kind else {
                throw Self.refusedKind("is another than the secret's, which is \(matter.kind.rawValue)")
            }
            return matter
        case .invented: return try await invented(for: exchange)
        case .generated(let kind, let bits):
            guard Exchange.of(exchange).credentialKinds.contains(kind), let pair = kind.pair else {
                throw Self.refusedKind("is not taken by this exchange")
            }
            return try CredentialMatter(exchange: exchange, generated: try await makePair(pair, bits))
        }
    }

    private nonisolated(nonsending) func invented(for exchange: ExchangeName) async throws -> CredentialMatter
    {
        let made = InventedCredential(for: exchange, .system)
        var secret = made.secret
        if secret.isEmpty {
            let pair = try await makePair(.p256, 0)
            secret = try pair.pkcs8PEM().withBytes { String(decoding: $0, as: UTF8.self) }
        }
        return try CredentialMatter(
            exchange: exchange, apiKey: made.apiKey, secret: secret, passphrase: made.passphrase)
    }

    private static func refusedKind(_ message: String) -> FieldErrors {
        FieldErrors(FieldError(pointer: "/credential/kind", code: "not_allowed", message: message))
    }
}

extension Exchange.CredentialKind {
    fileprivate var pair: PrivateKey.Kind? {
        switch self {
        case .hmac: nil
        case .ed25519: .ed25519
        case .rsa: .rsa
        case .p256: .p256
        }
    }
}
