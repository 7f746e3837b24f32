import Exchanges
package import Kernel

/// What an exchange would say of a decoy: nothing is sent, and nobody who asks can tell.
struct InventedAnswer {
    let key: ExchangeKey

    /// As declared, and no more than that exchange tells of a real one.
    private var permissions: ProbedPermissions {
        var found = ProbedPermissions(Set(key.permissions))
        found.createdAt = key.secretCreatedAt ?? key.createdAt
        if key.exchange != .coinbase { found.isAddressBound = !key.addresses.isEmpty }
        if ![.binance, .coinbase].contains(key.exchange) {
            found.addresses = key.addresses.map(\.shortText)
        }
        if key.exchange != .binance { found.uid = String(10_000_000 + key.id.uuid.low % 900_000_000) }
        return found
    }

    /// A decoy that was revoked is gone at its exchange, too, as soon as anybody looks.
    func sighting(asked request: String, at now: Timestamp) -> ProbeSighting {
        guard key.ownMode == .revoked, let code = key.exchange.adapter.codesOfNoKey.min() else {
            return ProbeSighting(outcome: .confirmed(permissions), status: 200, request: request, at: now)
        }
        let words = ProbeRefusal.Words(code, "Invalid API key.")
        return ProbeSighting(
            outcome: .refused(.keyRefused(words)), status: 401, request: request, at: now)
    }
}

/// How long exchanges took to answer of late: a decoy's answer takes as long.
package final class AnswerDelays {
    private static let kept = 64
    /// Until anything real was heard, in nanoseconds: 80 to 400 ms.
    private static let usual: ClosedRange<UInt64> = 80_000_000...400_000_000

    private var heard: [UInt64] = []
    private var place = 0

    package init() {}

    package func note(_ nanoseconds: UInt64) {
        if heard.count < Self.kept {
            heard.append(nanoseconds)
        } else {
            heard[place] = nanoseconds
            place = (place + 1) % Self.kept
        }
    }

    package func sample(_ entropy: Entropy) -> UInt64 {
        guard !heard.isEmpty else {
            return Self.usual.lowerBound
                + entropy.number(below: Self.usual.upperBound - Self.usual.lowerBound)
        }
        return heard[Int(entropy.number(below: UInt64(heard.count)))]
    }
}
