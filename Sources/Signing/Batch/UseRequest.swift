package import Access
package import Exchanges
package import Kernel
import HTTPServer
package import Keys

/// What somebody wants to do with a key.
package final class UseRequest: Sendable {
    package let way: UseWay
    package let key: ExchangeKeyID
    package let incoming: IncomingRequest
    package let context: Context
    /// What the account holds, where it was asked for this request.
    let holdings: [String: Decimal]?

    package init(_ way: UseWay, _ key: ExchangeKeyID, _ incoming: IncomingRequest, _ context: Context) {
        (self.way, self.key, self.incoming, self.context) = (way, key, incoming, context)
        holdings = nil
    }

    init(
        _ way: UseWay, _ key: ExchangeKeyID, _ incoming: IncomingRequest, _ context: Context,
        holdings: [String: Decimal]
    ) {
        (self.way, self.key, self.incoming, self.context) = (way, key, incoming, context)
        self.holdings = holdings
    }
}

extension UseRequest {
    /// Throws unless the caller may use this key in this way. A key that the caller may not even see is as
    /// unknown as one that is not there.
    func check(on snapshot: KeySnapshot) throws(Problem) {
        try context.require(way.permission, on: snapshot.target)
    }

    func isPermitted(on snapshot: KeySnapshot) -> Bool { context.may(way.permission, on: snapshot.target) }
}

extension UseWay {
    var permission: Permission { self == .sign ? .keysSign : .keysProxy }
}

/// What became of it: committed to the trail before anybody learns of it.
package enum UseDecision: Sendable {
    case admitted(AdmittedUse)
    case denied(DeniedUse)
}

package struct DeniedUse: Sendable {
    package let usage: UsageID
    let at: Timestamp
    package let key: KeyFacts
    let target: Target
    package let judgement: PolicyJudgement
}

/// Leave to use a key once.
package final class AdmittedUse: Sendable {
    package let usage: UsageID
    package let key: UsableKey
    package let draft: RequestDraft
    package let meaning: RequestMeaning
    package let judgement: PolicyJudgement
    package let clientOrderIDs: [String]
    package let at: Timestamp
    /// Of exchanges that want one.
    let nonce: UInt64
    let leave: Leave
    /// By which it was judged and charged.
    let snapshot: KeySnapshot

    init(
        _ usage: UsageID, _ snapshot: KeySnapshot, _ read: ReadUse, draft: RequestDraft,
        _ judgement: PolicyJudgement, at now: Timestamp, nonce: UInt64?, _ leave: Leave
    ) {
        (self.usage, key, self.draft, meaning) = (usage, snapshot.usable, draft, read.meaning)
        (self.judgement, clientOrderIDs, at) = (judgement, read.clientOrderIDs, now)
        (self.nonce, self.leave, self.snapshot) = (nonce ?? 0, leave, snapshot)
    }
}

/// A use as it is understood: what is sent, and what it means.
final class ReadUse: Sendable {
    let draft: RequestDraft?
    let meaning: RequestMeaning
    let clientOrderIDs: [String]
    /// What else its signature is good for, where that is handed out.
    let others: [OtherReading]

    /// - Parameter entropy: names orders that the client gave no id, so that one whose outcome is unknown
    ///   can be looked for; nil: they stay without.
    init(_ request: UseRequest, of key: UsableKey, naming entropy: Entropy? = nil) {
        let exchange = key.key.exchange
        let classifier = exchange.classifier
        do throws(MeaningProblem) {
            var (draft, meaning) = try classifier.read(request.incoming)
            var ids: [String] = []
            if let entropy, let named = try? classifier.withClientOrderID(draft, generate: entropy.id) {
                (draft, ids) = named
                if !ids.isEmpty { meaning = classifier.meaning(of: draft) }
            }
            let isPublic = exchange.isPublic(draft)
            if isPublic { meaning = RequestMeaning(.read) }
            (self.draft, clientOrderIDs) = (draft, ids)
            self.meaning = key.readsReduceOnly ? meaning : meaning.withoutMarks
            others = request.way == .sign && !isPublic ? classifier.otherReadings(of: draft) : []
        } catch {
            others = []
            (draft, meaning, clientOrderIDs) = (nil, classifier.unread(request.incoming, error), [])
        }
    }
}

extension Entropy {
    /// Sixteen bytes, as ids take them.
    fileprivate func id() -> [UInt8] { bytes(16) }
}
