package import Access
package import Exchanges

package import Kernel
package import Keys

/// What somebody wants to do with a key.
package final class UseRequest: Sendable {
    package let way: UseWay
    package let key: ExchangeKeyID
    package let incoming: IncomingRequest
    package let context: Context

    package init(_ way: UseWay, _ key: ExchangeKeyID, _ incoming: IncomingRequest, _ context: Context) {
        (self.way, self.key, self.incoming, self.context) = (way, key, incoming, context)
    }
}

/// What became of it: committed to the trail before anybody learns of it.
package enum UseDecision: Sendable {
    case admitted(AdmittedUse)
    case denied(DeniedUse)
}

package struct DeniedUse: Sendable {
    package let usage: UsageID
    package let key: KeyFacts
    package let judgement: PolicyJudgement
}

/// Leave to use a key once.
package final class AdmittedUse: Sendable {
    /// What was committed before a revocation was acknowledged may still leave; not later than this.
    static let validNanoseconds: UInt64 = 1_000_000_000

    package let usage: UsageID
    package let key: UsableKey
    package let draft: RequestDraft
    package let meaning: RequestMeaning
    package let judgement: PolicyJudgement
    package let clientOrderIDs: [String]
    package let at: Timestamp
    /// Of exchanges that want one.
    let nonce: UInt64
    let clock: Clock
    /// Before its commit was sent: a process that is stopped behind it must not take the late moment for it.
    let admittedAt: UInt64

    init(
        _ usage: UsageID, _ snapshot: KeySnapshot, _ read: ReadUse, draft: RequestDraft,
        _ judgement: PolicyJudgement, at now: Timestamp, nonce: UInt64?, _ clock: Clock
    ) {
        (self.usage, key, self.draft, meaning) = (usage, snapshot.usable, draft, read.meaning)
        (self.judgement, clientOrderIDs, at) = (judgement, read.clientOrderIDs, now)
        (self.nonce, self.clock, admittedAt) = (nonce ?? 0, clock, clock.monotonicNanoseconds())
    }

    /// The last question before something leaves.
    package var mayLeave: @Sendable () -> Bool {
        { [clock, admittedAt] in clock.monotonicNanoseconds() &- admittedAt <= Self.validNanoseconds }
    }
}

/// A use as it is understood: what is sent, and what it means.
final class ReadUse: Sendable {
    let draft: RequestDraft?
    let meaning: RequestMeaning
    let clientOrderIDs: [String]

    init(_ request: UseRequest, at exchange: ExchangeName) {
        let classifier = exchange.classifier
        clientOrderIDs = []
        do throws(MeaningProblem) {
            (draft, meaning) = try classifier.read(request.incoming)
        } catch {
            (draft, meaning) = (nil, RequestMeaning(.admin, problems: [error]))
        }
    }

    var symbols: Set<String> { Set(meaning.orders.compactMap(\.symbol)) }
}
