import EventLoop
package import Postgres

/// What changes of authority touched, as far as one worker has read of them: which of its snapshots still
/// hold. Reading costs by what changed, not by what is known; whether a snapshot holds costs by what it
/// stands on.
package final class AuthorityDeltas {
    /// More than that since the last reading is as good as everything.
    package static let readAtMost = 1_000
    /// Beyond this, what was known long ago is known no more.
    package static let rememberedAtMost = 10_000

    /// How far was read.
    package private(set) var epoch: Int64 = 0
    /// Of what was known before nothing holds.
    private var floor: Int64 = 0
    private var last: [Touched: Int64] = [:]
    private var reading: Promise<Void>?

    package init() {}

    /// Something is known of that moment: what is read begins there, unless it began already.
    package func begin(from moment: Int64) {
        if epoch == 0 { begin(at: moment) }
    }

    /// The database is another one, which was restored: what was read of its future never happened.
    package func goBack(to moment: Int64) { begin(at: moment) }

    /// What was known at `moment` and stands on `grounds` still holds, at `epoch`.
    package func hold(_ grounds: some Sequence<Touched>, since moment: Int64) -> Bool {
        moment >= floor && grounds.allSatisfy { (last[$0] ?? 0) <= moment }
    }

    /// Whether what was known at `moment` and stands on `grounds` still holds at `target`: what happened in
    /// between is read. A target before the moment is of a database that was restored.
    package nonisolated(nonsending) func hold(
        _ grounds: some Sequence<Touched>, since moment: Int64, until target: Int64, in source: any Queryable
    ) async throws(PostgresError) -> Bool {
        guard target >= moment else {
            goBack(to: target)
            return false
        }
        begin(from: moment)
        try await advance(to: target, in: source)
        return hold(grounds, since: moment)
    }

    /// Whether nothing was touched since that moment but such as `isApart`. Costs by what is remembered.
    package func hold(butFor isApart: (Touched) -> Bool, since moment: Int64) -> Bool {
        moment >= floor && last.allSatisfy { $0.value <= moment || isApart($0.key) }
    }

    /// Reads what happened until then, at least. Those that come meanwhile share one reading.
    package nonisolated(nonsending) func advance(
        to target: Int64, in source: any Queryable
    ) async throws(PostgresError) {
        if let reading, epoch < target { await reading.get() }
        guard epoch < target else { return }
        guard epoch > 0 else { return begin(at: target) }
        let done = Promise<Void>()
        reading = done
        defer {
            if reading === done { reading = nil }
            done.fulfil(())
        }
        let start = epoch
        let rows = try await source.query(Self.read, .int64(start), .int(Self.readAtMost + 1))
        take(rows, since: start, target)
    }

    private static let read = Statement(
        "authority_changes",
        "select epoch, touched from authority_change where epoch > $1 order by epoch limit $2")

    /// Nothing is known of what was before.
    private func begin(at epoch: Int64) {
        (self.epoch, floor, last) = (epoch, epoch, [:])
    }

    private func take(_ rows: Rows, since start: Int64, _ target: Int64) {
        let newest = max(rows.isEmpty ? 0 : rows[rows.count - 1].int64(0), target, epoch)
        // One that is missing touched everything: the log does not reach back, or was passed by. So did
        // whatever somebody meanwhile went back behind.
        guard rows.count <= Self.readAtMost, start + Int64(rows.count) == newest, epoch >= start else {
            return begin(at: newest)
        }
        for row in rows where row.int64(0) > epoch {
            guard !row.isNull(1) else {
                begin(at: row.int64(0))
                continue
            }
            for text in row.textArray(1) {
                guard let touched = Touched(text) else {
                    begin(at: row.int64(0))
                    break
                }
                last[touched] = row.int64(0)
            }
            epoch = row.int64(0)
        }
        if last.count > Self.rememberedAtMost { begin(at: epoch) }
    }
}
