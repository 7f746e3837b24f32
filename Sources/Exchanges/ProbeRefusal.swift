import JSON

/// An exchange's answer to a probe, as it came.
package struct ProbeAnswer: Sendable {
    /// What any exchange answers to a probe has some 2 KB; more is not read.
    package static let bodyBytesAtMost = 65_536
    static let limits = JSONLimits(depth: 16, textBytes: bodyBytesAtMost, members: 1_000)

    package let status: Int
    /// From `Retry-After`, where it is a number.
    package let retryAfterSeconds: Int?
    package let body: [UInt8]

    package init(status: Int, retryAfterSeconds: Int? = nil, body: [UInt8]) {
        (self.status, self.retryAfterSeconds, self.body) = (status, retryAfterSeconds, body)
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
    /// The exchange refuses the key itself: what a rotation needs to see before the old key counts as gone.
    package var provesKeyIsRefused: Bool {
        if case .keyRefused = self { true } else { false }
    }

    func withRetryAfter(_ seconds: Int?) -> ProbeRefusal {
        if case .throttled(nil) = self { .throttled(retryAfterSeconds: seconds) } else { self }
    }
}

extension ProbeRefusal.Words {
    private static let charactersAtMost = 200

    /// An exchange's text goes into our events and logs: bounded, on one line.
    init(_ code: String, _ message: String?) {
        self.code = Self.clean(code)
        self.message = Self.clean(message ?? "")
    }

    private static func clean(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(charactersAtMost) {
            let isPlain = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
            out.append(isPlain ? scalar : " ")
        }
        return String(out)
    }
}
