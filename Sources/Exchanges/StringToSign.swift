import Kernel
import Synchronization

/// What a recipe asks to be signed, kept instead of signed.
final class Transcript: Sendable {
    /// Stands where the API key does, at exchanges that sign it.
    static let apiKey = "API_KEY"
    static let passphrase = Array("PASSPHRASE".utf8)

    private let messages = Mutex<[[UInt8]]>([])

    /// As long as any signature, and none.
    func note(_ message: [UInt8]) -> [UInt8] {
        messages.withLock { if message != Self.passphrase { $0.append(message) } }
        return Array(repeating: 0, count: 64)
    }

    var message: [UInt8]? { messages.withLock { $0.first } }
}

/// The bytes that a signature would be over, for people who look for a mistake: with `API_KEY` for the key's
/// name, and no secret near.
package struct StringToSign: Sendable, Equatable {
    package let bytes: [UInt8]

    package init?(
        _ draft: RequestDraft, of exchange: ExchangeName, kind: Exchange.CredentialKind,
        at moment: SigningMoment, to host: ExchangeHost
    ) {
        let transcript = Transcript()
        let credential = ExchangeCredential(exchange, kind: kind, transcript: transcript)
        guard (try? exchange.adapter.sign(draft, with: credential, at: moment, to: host)) != nil,
            let message = transcript.message
        else { return nil }
        bytes = message
    }

    /// Nil where it is not text, as Kraken's.
    package var text: String? { String(validating: bytes, as: UTF8.self) }
}
