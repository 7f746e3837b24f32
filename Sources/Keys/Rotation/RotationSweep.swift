import Access
import Events
import HTTPServer
import JSON
import Jobs
import Kernel
import Postgres

/// What time does to rotations. Each is taken on by itself: one that cannot go on leaves the others alone.
struct RotationSweep {
    private static let rotationsAtMost = 20
    private static let openedAtMost = 50
    private static let toldAtMost = 200

    let book: KeyBook
    let driver: RotationDriver

    nonisolated(nonsending) func carryOut(_ run: JobRun) async throws -> JSONObject {
        let opened = try await openPlanned(run)
        let (advanced, failed) = try await advance(run)
        let stuck = try await tellStuck(run)
        var result = JSONObject()
        for (name, count) in [
            ("opened", opened), ("advanced", advanced), ("failed", failed), ("stuck", stuck),
        ] {
            _ = result.append(name, .number(JSONNumber(Int64(count))))
        }
        return result
    }

    /// A plan that is due becomes a rotation that waits for its secret, with a deadline.
    private nonisolated(nonsending) func openPlanned(_ run: JobRun) async throws -> Int {
        let keys = try await RotationStore.planned(
            at: run.context.now, limit: Self.openedAtMost, in: book.ledger.database)
        var opened = 0
        for id in keys where !run.isOver {
            do {
                try await book.change(run.context) { change in
                    let key = try await book.usable(id, change)
                    _ = try await book.openRotation(
                        of: key, .usual("Its plan says that it is time."), .scheduled, change)
                }
                opened += 1
            } catch is Problem {
                continue
            }
        }
        return opened
    }

    private nonisolated(nonsending) func advance(_ run: JobRun) async throws -> (Int, Int) {
        let places = try await RotationStore.due(
            at: run.context.now, limit: Self.rotationsAtMost, in: book.ledger.database)
        var (advanced, failed) = (0, 0)
        for place in places where !run.isOver {
            let context = Context.installation(
                now: book.ledger.clock.now(), requestID: run.context.requestID)
            do {
                _ = try await driver.advance(place, nil, context)
                advanced += 1
            } catch is Problem {
                failed += 1
            } catch is FieldErrors {
                failed += 1
            }
        }
        return (advanced, failed)
    }

    private nonisolated(nonsending) func tellStuck(_ run: JobRun) async throws -> Int {
        let now = run.context.now
        let places = try await RotationStore.stuck(at: now, limit: Self.toldAtMost, in: book.ledger.database)
        var told = 0
        for place in places where !run.isOver {
            do {
                told += try await book.change(run.context) { change in
                    let key = try await book.locked(place.key, change)
                    guard
                        var rotation = try await RotationStore.lock(
                            place.id, of: key.id, in: change.transaction), rotation.isStuck(at: now)
                    else { return 0 }
                    rotation.tellStuck(at: now)
                    try await book.write(rotation, from: rotation.state, key, change)
                    change.emit(key.rotationStuck(rotation))
                    return 1
                }
            } catch is Problem {
                continue
            }
        }
        return told
    }
}
