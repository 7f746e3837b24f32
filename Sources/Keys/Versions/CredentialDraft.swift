import Access
import Crypto
import Exchanges
import HTTPServer
import JSON
import Kernel

/// A credential that a client brings, or asks to have made: the field `credential` of a body.
struct CredentialDraft {
    enum Matter {
        case brought(kind: Exchange.CredentialKind?, apiKey: String, secret: String, passphrase: String?)
        case generated(Exchange.CredentialKind, rsaBits: Int)
        /// Of a decoy: what looks like the exchange's own.
        case invented
    }

    let matter: Matter
    let origin: KeyVersion.Origin
    /// The same secret may stand under another key already.
    let mayRepeat: Bool

    /// A decoy's, unless one was brought.
    static let invented = CredentialDraft(matter: .invented, origin: .imported, mayRepeat: false)

    /// Nil when the body has none.
    static func read(optional f: inout Fields, origin: KeyVersion.Origin? = nil) -> CredentialDraft? {
        guard f.has("credential"), !f.isNull("credential") else { return nil }
        return read(&f, origin: origin)
    }

    static func read(_ f: inout Fields, origin: KeyVersion.Origin? = nil) -> CredentialDraft? {
        let mayRepeat = f.bool("allow_duplicate", default: false)
        let told = origin ?? (f.choice("origin", StatedOrigin.self, default: .imported)).origin
        let matter = f.object("credential") { f in
            f.bool("generate", default: false) ? wish(&f) : brought(&f)
        }
        guard let found = matter, let matter = found else { return nil }
        if case .generated = matter {
            return .init(matter: matter, origin: .generated, mayRepeat: false)
        }
        return CredentialDraft(matter: matter, origin: told, mayRepeat: mayRepeat)
    }

    /// What the holder of a deposit link brings: nothing is made for them, and nothing taken twice.
    static func deposited(_ f: inout Fields) -> CredentialDraft? {
        guard let found = f.object("credential", { f in brought(&f) }), let matter = found else { return nil }
        return CredentialDraft(matter: matter, origin: .deposited, mayRepeat: false)
    }

    /// What a client may say of where a secret came from.
    private enum StatedOrigin: String, CaseIterable, Sendable {
        case imported, file
        var origin: KeyVersion.Origin { self == .file ? .file : .imported }
    }

    private static func brought(_ f: inout Fields) -> Matter? {
        let kind = f.choice(optional: "kind", Exchange.CredentialKind.self)
        let apiKey = f.string("api_key", 1...256)
        let secret = f.string("secret", 1...16_384)
        let passphrase = f.string(optional: "passphrase", 1...128)
        // Told here, beside whatever else is wrong; what the exchange asks of them is checked later.
        check("api_key", apiKey, 0x21...0x7E, &f)
        check("secret", secret, 0x09...0x7E, &f)
        if let passphrase { check("passphrase", passphrase, 0x20...0x7E, &f) }
        return .brought(kind: kind, apiKey: apiKey, secret: secret, passphrase: passphrase)
    }

    private static func check(
        _ name: String, _ text: String, _ bytes: ClosedRange<UInt8>, _ f: inout Fields
    ) {
        guard !text.utf8.allSatisfy(bytes.contains) else { return }
        f.fail(name, code: FieldCode.malformed, "must hold printable ASCII characters only")
    }

    private static func wish(_ f: inout Fields) -> Matter? {
        let kind = f.choice("kind", Exchange.CredentialKind.self)
        if kind == .hmac {
            f.fail("kind", code: "not_allowed", "is given out by the exchange; pairs are made here")
        }
        return .generated(kind, rsaBits: f.int("rsa_bits", 2_048...4_096, default: 2_048))
    }
}
