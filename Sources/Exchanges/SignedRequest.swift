package import Kernel

/// A request as it must be sent, to the byte: nobody may write it anew. Holds a signature, and at some
/// exchanges the passphrase, so it is never logged.
package struct SignedRequest: Sendable, Equatable {
    package struct Header: Sendable, Equatable {
        package let name: String
        package let value: String

        init(_ name: String, _ value: String) {
            (self.name, self.value) = (name, value)
        }
    }

    package let method: RequestDraft.Method
    package let url: String
    package let headers: [Header]
    package let body: [UInt8]?
}

extension SignedRequest {
    /// For what is public, and asked without a key: of a demonstration, where it shares its host, as such.
    package init(unsigned draft: RequestDraft, to host: ExchangeHost) {
        self.init(method: draft.method, url: host.base + draft.target, headers: host.headers, body: nil)
    }
}

/// What a signature takes from the moment at which it is made.
package struct SigningMoment: Sendable {
    /// Milliseconds since 1970.
    package let milliseconds: Int64
    /// Kraken's: must never fall, per key.
    package let nonce: UInt64
    /// How long after `milliseconds` the exchange may accept it, in milliseconds: Binance, Bybit.
    package let receiveWindow: Int
    private let entropy: Entropy

    package static let usualReceiveWindow = 5_000
    private static let randomBytes = 16

    /// Coinbase's: 16 bytes that nobody foresees.
    package var random: [UInt8] { entropy.bytes(Self.randomBytes) }

    package init(
        at time: Timestamp, nonce: UInt64, receiveWindow: Int = usualReceiveWindow, entropy: Entropy = .system
    ) {
        milliseconds = time.milliseconds
        self.nonce = nonce
        self.receiveWindow = receiveWindow
        self.entropy = entropy
    }
}

package enum SigningError: Error, Sendable, Equatable {
    /// The credential is not one for this exchange, or not of a kind that it takes.
    case wrongCredential
    /// The exchange has no such host in that environment.
    case unknownHost(String)
    /// A field that the signature itself sets: time, nonce, window, signature.
    case reservedField(String)
    /// A part that this exchange does not read in such a request.
    case unsupportedPart(Exchange.RequestPart)
    /// The library failed.
    case failed
}
