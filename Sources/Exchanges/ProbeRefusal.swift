import JSON

/// An exchange's answer to a probe, as it came.
package struct ProbeAnswer: Sendable {
    /// What any exchange answers to a probe has some 2 KB; more is not understood.
    package static let bodyBytesAtMost = 16_384
    private static let limits = JSONLimits(depth: 16, textBytes: bodyBytesAtMost, members: 1_000)

    package let status: Int
    /// From `Retry-After`, where it is a number.
    package let retryAfterSeconds: Int?
    package let body: [UInt8]

    package init(status: Int, retryAfterSeconds: Int? = nil, body: [UInt8]) {
        (self.status, self.retryAfterSeconds, self.body) = (status, retryAfterSeconds, body)
    }

    /// nil for anything but JSON; also for JSON with U+0000, which no text of ours can hold.
    var json: JSONValue? {
        guard let value = try? JSONValue.parse(body, limits: Self.limits) else { return nil }
        return value.holdsNUL ? nil : value
    }
}

/// Why a probe told nothing of the key's permissions.
package enum ProbeRefusal: Error, Sendable, Equatable {
    /// The exchange's own words, made fit for a line.
    package struct Words: Sendable, Equatable {
        package let code: String
        package let message: String
    }

    /// The exchange does not know the key, or its secret or passphrase is another.
    case keyRefused(Words)
    /// The key is fine, but the address that we come from is not on its list.
    case addressRefused(Words)
    /// One of the two above, or a missing permission: the exchange says no more.
    case keyOrAddressRefused(Words)
    /// The key works, but may not ask this.
    case permissionMissing(Words)
    /// Our clock, or the key's nonce, is behind or ahead of what the exchange takes.
    case clockRefused(Words)
    case throttled(retryAfterSeconds: Int?)
    /// The exchange is down, in maintenance, or not open to our address at all.
    case unavailable(status: Int)
    /// The answer is none that this exchange is known to give.
    case unintelligible(status: Int)
}

extension ProbeRefusal {
    /// What the exchange says of the key, when it says that there is no such key, or none any more: what has
    /// to be seen before a key counts as gone.
    package func wordsOfNoKey(by adapter: any ExchangeAdapter) -> Words? {
        guard case .keyRefused(let words) = self, adapter.codesOfNoKey.contains(words.code) else {
            return nil
        }
        return words
    }

    func withRetryAfter(_ seconds: Int?) -> ProbeRefusal {
        if case .throttled(nil) = self { .throttled(retryAfterSeconds: seconds) } else { self }
    }
}

extension ProbeRefusal.Words {
    package init(_ code: String, _ message: String?) {
        self.code = code.oneLine
        self.message = (message ?? "").oneLine
    }
}

extension String {
    private static var oneLineCharacters: Int { 200 }

    /// An exchange's text goes into our events and logs: bounded, without control characters.
    var oneLine: String {
        var line = UnicodeScalarView()
        for scalar in unicodeScalars.prefix(Self.oneLineCharacters) {
            let isPlain = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
            line.append(isPlain ? scalar : " ")
        }
        return String(line)
    }
}
