import Access
import Kernel
import Synchronization

/// One absence of the database: its journal, and what was counted meanwhile.
final class AwayEpisode: Sendable {
    let beganAt: Timestamp
    let journal: AwayJournal
    private let tally: Mutex<AwayTally>

    var id: AwayJournalID { journal.id }
    var uses: Int { tally.withLock { $0.uses } }

    init(_ journal: AwayJournal, _ tally: AwayTally, at now: Timestamp) {
        (self.journal, beganAt) = (journal, now)
        self.tally = Mutex(tally)
    }

    func admit(
        _ snapshot: KeySnapshot, _ judgement: inout PolicyJudgement, at now: Timestamp
    ) -> AwayTally.Admitted? {
        tally.withLock { $0.admit(snapshot, &judgement, at: now) }
    }

    /// See `AwayTally.giveBack`.
    func giveBack(_ refunds: [OutcomeBook.Refund], of time: Timestamp) -> [AwayTally.Charge] {
        if refunds.isEmpty { return [] }
        return tally.withLock { $0.giveBack(refunds, of: time) }
    }
}
