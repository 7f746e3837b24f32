import Access
import Events
import Exchanges
import Kernel
import Keys

/// A use, judged by everything but the counters, with what is written of it when they let it pass. It is made
/// when the use comes, while the batch before is on its way: whoever holds the counters holds up all others.
final class JudgedUse {
    /// Hours and the age of prices are of the moment: what waited longer is judged anew.
    private static let holdsFor: Period = .milliseconds(100)

    let snapshot: KeySnapshot
    let read: ReadUse
    let judgement: PolicyJudgement
    /// What it would charge, in the order of the judgement's charges, then its nonce.
    let counters: [CounterKey]
    /// Nil where it is denied already.
    let texts: UsageTexts?
    private let at: Timestamp

    init(
        _ usage: UsageID, _ request: UseRequest, _ read: ReadUse, by snapshot: KeySnapshot, _ market: Market,
        of actor: ActorTexts, at now: Timestamp
    ) {
        (self.snapshot, self.read, at) = (snapshot, read, now)
        let judgement = snapshot.judge(request, read, market, at: now)
        self.judgement = judgement
        let charged = judgement.charges.map { snapshot.counter($0) }
        counters = snapshot.wantsNonce ? charged + [.nonce(of: snapshot.key.id)] : charged
        texts =
            judgement.isAllowed
            ? UsageTexts(
                UsageRecord(
                    id: usage, at: now, snapshot: snapshot, request: request, read: read,
                    judgement: judgement, nonce: nil, isAllowed: true), by: actor)
            : nil
    }

    /// Whether it would be judged the same way now.
    func holds(by snapshot: KeySnapshot, at now: Timestamp) -> Bool {
        self.snapshot === snapshot && now >= at && now - at <= Self.holdsFor
    }
}

extension UseBatcher {
    /// As it was judged when it came, where that still holds.
    func judge(_ pending: Pending, by snapshot: KeySnapshot, at now: Timestamp) -> JudgedUse {
        if let judged = pending.judged, judged.holds(by: snapshot, at: now) { return judged }
        let request = pending.request
        let read =
            pending.read ?? ReadUse(request, of: snapshot.usable, naming: ledger.entropy)
        pending.read = read
        let judged = JudgedUse(
            pending.usage, request, read, by: snapshot, market, of: actors.texts(of: request.context.actor),
            at: now)
        pending.judged = judged
        return judged
    }
}
