package import Crypto

/// An exchange's key, opened: what signs. Its parts are wiped when the value ends; those that no library must
/// hold stand in guarded memory. It has no description. Immutable: every thread may use it at once.
package final class ExchangeCredential: Sendable {
    package let exchange: ExchangeName
    package let kind: Exchange.CredentialKind
    /// The public half of the credential: the exchange's name for the key.
    package let apiKey: String
    let signer: Signer
    private let passphrase: Secret?

    enum Signer: Sendable {
        case hmac(HMACKey)
        case pair(PrivateKey)
        /// Signs nothing, and keeps what it is asked to sign.
        case transcript(Transcript)
    }

    /// Parses what a person pasted. The kind comes from reading the secret: a PEM is a key pair, anything
    /// else an HMAC secret.
    package init(
        exchange name: ExchangeName, apiKey: String, secret: borrowing Secret, passphrase: borrowing Secret?
    ) throws(CredentialError) {
        let exchange = Exchange.of(name)
        try CredentialText.check(apiKey)
        self.passphrase = try Self.copy(passphrase, of: exchange)
        signer = try Self.signer(secret, of: exchange)
        kind = signer.kind
        self.exchange = name
        self.apiKey = apiKey
        guard exchange.credentialKinds.contains(kind) else {
            throw CredentialError(.secret, .kind(found: kind, taken: exchange.credentialKinds))
        }
    }

    /// For `StringToSign`: signs nothing.
    init(_ exchange: ExchangeName, kind: Exchange.CredentialKind, transcript: Transcript) {
        (self.exchange, self.kind, apiKey) = (exchange, kind, Transcript.apiKey)
        signer = .transcript(transcript)
        passphrase =
            Exchange.of(exchange).hasPassphrase ? try? Secret(copying: Transcript.passphrase) : nil
    }

    /// As above, for texts that stand in ordinary memory already.
    package convenience init(
        exchange: ExchangeName, apiKey: String, secret: String, passphrase: String? = nil
    ) throws(CredentialError) {
        let opened = try Self.secret(secret, .secret)
        let word: Secret? = if let passphrase { try Self.secret(passphrase, .passphrase) } else { nil }
        try self.init(exchange: exchange, apiKey: apiKey, secret: opened, passphrase: word)
    }
}

// MARK: - Using

extension ExchangeCredential {
    /// The passphrase as it goes over the wire: exchanges want it in the clear, or take a code of it.
    func withPassphrase<Result>(_ body: ([UInt8]) -> Result) -> Result? {
        guard var bytes = passphrase?.withBytes({ Array($0) }) else { return nil }
        defer { bytes.wipe() }
        return body(bytes)
    }

    /// The secret's HMAC, or the key pair's signature.
    func signature(
        for message: [UInt8], ecdsa encoding: ECDSASignature.Encoding = .raw
    ) throws(SigningError) -> [UInt8] {
        switch signer {
        case .hmac(let key): return key.code(for: message)
        case .transcript(let transcript): return transcript.note(message)
        case .pair(let key):
            do throws(CryptoError) {
                return try key.signature(for: message, ecdsa: encoding)
            } catch {
                throw .failed
            }
        }
    }

    /// The same for the same secret, however it was written, and useless without `key`: tells whether a
    /// secret is here already.
    package func fingerprint(under key: HMACKey) -> [UInt8] {
        let label = Array("keybell secret fingerprint".utf8)
        return switch signer {
        case .hmac(let secret): key.code(for: label, [0], secret.code(for: label))
        case .pair(let pair): key.code(for: label, [1], Array(pair.publicKey.pem.utf8))
        case .transcript: []
        }
    }

    /// To be pasted at the exchange; nil for an HMAC secret.
    package var publicKeyPEM: String? {
        if case .pair(let pair) = signer { pair.publicKey.pem } else { nil }
    }
}

// MARK: - Parsing

extension ExchangeCredential {
    private static func secret(
        _ text: String, _ field: CredentialError.Field
    ) throws(CredentialError) -> Secret {
        guard !text.isEmpty else { throw CredentialError(field, .missing) }
        do throws(CryptoError) {
            return try Secret(copying: Array(text.utf8))
        } catch {
            throw CredentialError(field, .unavailable)
        }
    }

    private static func copy(
        _ passphrase: borrowing Secret?, of exchange: Exchange
    ) throws(CredentialError) -> Secret? {
        switch passphrase {
        case .none:
            guard !exchange.hasPassphrase else { throw CredentialError(.passphrase, .missing) }
            return nil
        case .some(let passphrase):
            guard exchange.hasPassphrase else { throw CredentialError(.passphrase, .needless) }
            if let reason = passphrase.withBytes(CredentialText.passphraseFault) {
                throw CredentialError(.passphrase, reason)
            }
            do throws(CryptoError) {
                return try passphrase.duplicate()
            } catch {
                throw CredentialError(.passphrase, .unavailable)
            }
        }
    }

    private static func signer(
        _ secret: borrowing Secret, of exchange: Exchange
    ) throws(CredentialError) -> Signer {
        if secret.withBytes(CredentialText.isPEM) { return .pair(try pair(secret)) }
        guard exchange.credentialKinds.contains(.hmac) else {
            throw CredentialError(.secret, .kind(found: .hmac, taken: exchange.credentialKinds))
        }
        if let reason = secret.withBytes(CredentialText.secretFault) {
            throw CredentialError(.secret, reason)
        }
        return .hmac(try CredentialText.hmacKey(secret, of: exchange.name))
    }

    private static func pair(_ secret: borrowing Secret) throws(CredentialError) -> PrivateKey {
        do throws(CryptoError) {
            return try PrivateKey(pem: CredentialText.withLineFeeds(secret))
        } catch .keyRefused(let refusal) {
            throw CredentialError(.secret, .key(refusal))
        } catch {
            throw CredentialError(.secret, .unavailable)
        }
    }
}

extension ExchangeCredential.Signer {
    fileprivate var kind: Exchange.CredentialKind {
        switch self {
        case .hmac, .transcript: .hmac
        case .pair(let key):
            switch key.kind {
            case .ed25519: .ed25519
            case .rsa: .rsa
            case .p256: .p256
            }
        }
    }
}
