import Access
package import Events
import JSON
package import Jobs
import Kernel
import Postgres

/// What time itself does to keys.
package struct KeyJobs {
    /// Keys of one transaction: some milliseconds of row locks.
    static let stepRows = 200

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var jobs: [Job] {
        [
            Job(
                "rotation-due", "Tells of rotations that come near or are overdue.", every: .minutes(1)
            ) { run in try await announce(.rotation, run) },
            Job("key-expiry", "Tells of keys that lapse soon or have lapsed.", every: .minutes(1)) { run in
                try await announce(.expiry, run)
            },
        ]
    }

    /// In steps: each takes the longest waiting keys, writes their events and moves their next moment behind
    /// now, in one transaction. Keys that somebody else holds are skipped; their moment stays.
    private nonisolated(nonsending) func announce(_ notice: KeyNotice, _ run: JobRun) async throws
        -> JSONObject
    {
        var told: Int64 = 0
        var found = 0
        repeat {
            found = try await ledger.change(run.context) { change in
                let keys = try await notice.due(at: change.context.now, in: change.transaction)
                for key in keys {
                    guard let event = notice.event(of: key, at: change.context.now) else { continue }
                    change.emit(event)
                    told += 1
                }
                try await notice.moveOn(keys, after: change.context.now, in: change.transaction)
                return keys.count
            }
        } while found == Self.stepRows && !run.isOver
        var result = JSONObject()
        _ = result.append("events", .number(JSONNumber(told)))
        return result
    }
}
