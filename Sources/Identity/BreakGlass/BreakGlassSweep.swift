import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres

/// Ends what break-glass tokens opened, and puts up for rotation what was touched. In two transactions: only
/// once nothing of it is under way any more is all known that it did.
struct BreakGlassSweep {
    let ledger: Ledger
    let keys: KeyTrail
    /// What stops with whoever came by it; whoever leaves it out leaves them their rights.
    let leaving: [LeavingStep]

    var job: Job {
        Job(
            "break-glass", "Ends what break-glass tokens opened, and opens rotations of what was touched.",
            every: .minutes(1), run: carryOut)
    }

    nonisolated(nonsending) func carryOut(_ run: JobRun) async throws -> JSONObject {
        var (ended, rotated): (Int64, Int64) = (0, 0)
        while !run.isOver, let step = try await next(run.context) {
            switch step {
            case .ended: ended += 1
            case .swept(let keys): rotated += Int64(keys)
            }
        }
        return JSONObject(members: [
            ("ended", .number(JSONNumber(ended))), ("keys", .number(JSONNumber(rotated))),
        ])
    }

    private enum Step {
        case ended
        case swept(keys: Int)
    }

    private nonisolated(nonsending) func next(_ context: Context) async throws -> Step? {
        try await ledger.change(context) { change in
            guard let token = try await BreakGlassStore.nextOver(at: context.now, in: change.transaction)
            else { return nil }
            guard token.endedAt != nil else {
                try await change.end(token, reason: "break-glass token: its hour is over", leaving)
                return .ended
            }
            return .swept(keys: try await sweep(token, change))
        }
    }

    private nonisolated(nonsending) func sweep(
        _ token: BreakGlassToken, _ change: Change
    ) async throws -> Int {
        guard let user = token.user.map({ PrincipalID($0) }) else { return 0 }
        let everybody = try await user.withHelpers(in: change.transaction)
        let used = try await keys.uses(everybody, .all, change.transaction).map(\.key)
        let known = try await keys.known(everybody, change.transaction).map(\.key)
        let touched = Set(used + known).sorted()
        try await keys.rotate(
            touched,
            Exposure(
                source: token.id.uuid, cause: .breakGlass,
                reason: "The break-glass token \(token.name) touched it."), change)
        try await BreakGlassStore.markSwept(token.id, at: change.context.now, in: change.transaction)
        change.emit(
            NewEvent(
                .breakGlassEnded, subject: token.id,
                data: token.eventData([
                    ("user_id", JSONValue(user)), ("keys", .number(JSONNumber(Int64(touched.count)))),
                ])))
        return touched.count
    }
}
