import Access
import Kernel
import Keys

/// What a node that is cut off counts by itself: from what stood in the counters when it last saw them.
struct AwayTally: Sendable {
    /// Far more than a desk exits with in a quarter of an hour.
    static let usesAtMost = 20_000

    /// What a use is charged.
    struct Charge: Equatable, Sendable {
        let counter: CounterKey
        let window: Timestamp
        let amount: Int64
    }

    struct Admitted: Equatable, Sendable {
        let charges: [Charge]
        let nonce: UInt64?
    }

    private var rows: [CounterKey: LimitCounters.Row]
    /// How far the database's clock was ahead of ours: nonces go by it.
    private let ahead: Period
    private(set) var uses = 0

    init(_ rows: [CounterKey: LimitCounters.Row], databaseAhead ahead: Period) {
        (self.rows, self.ahead) = (rows, max(ahead, .seconds(0)))
    }

    /// Adds the verdicts of limits that bind exits, too, and charges them where nothing denies. What is not
    /// known of a counter counts as nothing: an exit is not stopped by what cannot be read.
    mutating func admit(
        _ snapshot: KeySnapshot, _ judgement: inout PolicyJudgement, at now: Timestamp
    ) -> Admitted? {
        guard uses < Self.usesAtMost else { return nil }
        var counters = LimitCounters(rows, at: now + ahead)
        snapshot.count(counters, in: &judgement)
        guard judgement.isAllowed else { return nil }
        var charges: [Charge] = []
        for charge in judgement.charges {
            let (place, seconds) = (snapshot.counter(charge), charge.windowSeconds)
            counters.charge(place, charge.amount, windowSeconds: seconds)
            let window = LimitCounters.windowStart(seconds: seconds, at: now + ahead)
            charges.append(Charge(counter: place, window: window, amount: charge.amount))
        }
        let nonce = snapshot.wantsNonce ? counters.nextNonce(of: snapshot.key.id) : nil
        rows = counters.rows
        uses += 1
        return Admitted(charges: charges, nonce: nonce)
    }

    /// What was charged for what did not happen is there again, as with the database.
    /// - Parameter time: when it was charged.
    /// - Returns: what its journal says of it.
    mutating func giveBack(_ refunds: [OutcomeBook.Refund], of time: Timestamp) -> [Charge] {
        refunds.map { refund in
            let window = LimitCounters.windowStart(seconds: refund.windowSeconds, at: time + ahead)
            if let row = rows[refund.counter], row.windowStart == window {
                rows[refund.counter]?.used = max(row.used - refund.amount, 0)
            }
            return Charge(counter: refund.counter, window: window, amount: refund.amount)
        }
    }
}
