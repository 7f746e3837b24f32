package import Exchanges

/// Where a credential stood.
package struct FoundPlace: Sendable, Hashable, CustomStringConvertible {
    package enum Position: Sendable, Hashable {
        case line(Int)
        /// RFC 6901.
        case pointer(String)
        case wholeFile
    }

    package let file: String
    package let position: Position

    package var description: String {
        switch position {
        case .line(let line): "\(file):\(line)"
        case .pointer(let pointer): pointer.isEmpty ? file : "\(file)#\(pointer)"
        case .wholeFile: file
        }
    }
}

/// One key of an exchange as a file holds it. Its secret parts stand in guarded memory.
package struct FoundCredential: Sendable {
    package enum Verdict: Sendable, Equatable {
        case usable
        /// The same secret as the credential at this index of the reading.
        case twice(Int)
        case refused(ImportRefusal)
    }

    package let format: KeyFileFormat
    package let place: FoundPlace
    package let exchange: ExchangeName?
    /// As the file names the exchange; empty when it does not.
    package let exchangeText: String
    /// Nil when the file does not say: most likely live.
    package let environment: Environment?
    /// A suggestion, from what the file calls it; nil when nothing tells it from others.
    package let account: String?
    /// A suggestion: what tells this key from others of its account.
    package let label: String
    /// The public half; empty when it is missing.
    package let apiKey: String
    /// Nil unless usable, as the next three are when they are not needed.
    package let kind: Exchange.CredentialKind?
    package let secret: FoundText?
    package let passphrase: FoundText?
    /// Equal for equal secrets of one reading.
    let fingerprint: [UInt8]?
    package internal(set) var verdict: Verdict
}

extension FoundCredential {
    /// Enough of the API key to know it by, as keys show it everywhere: `vmPU…9xYz`.
    package var apiKeyHint: String {
        if apiKey.isEmpty { return "" }
        return apiKey.count < 12 ? "\(apiKey.prefix(2))…" : "\(apiKey.prefix(4))…\(apiKey.suffix(4))"
    }
}
