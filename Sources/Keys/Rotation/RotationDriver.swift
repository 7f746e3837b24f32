import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// Takes rotations from edge to edge. Each edge is one transaction; between two of them an exchange may be
/// asked, under a claim that lapses, and an answer counts only while nothing else happened to the rotation.
struct RotationDriver {
    /// What somebody who advances a rotation by hand may say.
    struct Push {
        var apiKey: String?
        var endsOverlap = false
    }

    private enum Work { case test, retire }

    /// From staged to overlap is three edges; one more retires.
    private static let edgesAtOnce = 6

    let book: KeyBook
    let prober: KeyProber
    private var database: Database { book.ledger.database }

    /// - Parameter push: nil when time alone advances it.
    nonisolated(nonsending) func advance(
        _ place: RotationPlace, _ push: Push?, _ context: Context
    ) async throws -> Rotation {
        var (rotation, work) = try await cross(place, push, context)
        var claimless = context
        claimless.idempotency = nil
        for _ in 0..<Self.edgesAtOnce {
            switch work {
            case .test: rotation = try await test(rotation, claimless)
            case .retire: rotation = try await retire(rotation, claimless)
            case nil: break
            }
            guard let next = rotation.nextAt, next <= context.now else { break }
            (rotation, work) = try await cross(place, nil, claimless)
        }
        return rotation
    }

    /// One edge, as far as it needs nobody else.
    private nonisolated(nonsending) func cross(
        _ place: RotationPlace, _ push: Push?, _ context: Context
    ) async throws -> (Rotation, Work?) {
        try await book.change(context) { change in
            // Time alone would promote and retire by what a backup says, which people may have undone since.
            try await Authority.checkConfirmed(in: change.transaction)
            _ = try await StandingOrders.held(in: change.transaction)
            var key = try await book.locked(place.key, change)
            guard var rotation = try await RotationStore.lock(place.id, of: key.id, in: change.transaction)
            else { throw Problem.notFound("rotation") }
            let (from, revision) = (rotation.state, rotation.revision)
            let work = try await edge(&rotation, &key, push, change)
            if rotation.revision != revision { try await book.write(rotation, from: from, key, change) }
            return (rotation, work)
        }
    }

    private nonisolated(nonsending) func edge(
        _ rotation: inout Rotation, _ key: inout ExchangeKey, _ push: Push?, _ change: Change
    ) async throws -> Work? {
        let now = change.context.now
        let isDue = rotation.nextAt.map { $0 <= now } ?? false
        guard push != nil || isDue else { return nil }
        switch rotation.state {
        case .staged, .testing, .failed:
            try await prepare(rotation, key, push, change)
            rotation.beginTest(at: now)
            return .test
        case .promoting:
            try await book.promote(&rotation, &key, change)
        case .overlap:
            guard isDue || push?.endsOverlap == true else {
                throw Problem(
                    .conflict,
                    "The overlap lasts until \(rotation.overlapUntil?.description ?? "later"): "
                        + "`end_overlap` ends it now.")
            }
            try await book.retire(&rotation, key, change)
        case .retiring:
            rotation.beginRetiring(at: now)
            return .retire
        case .done, .rolledBack:
            throw Problem(.conflict, "The rotation is over.")
        }
        return nil
    }

    /// Throws unless there is a version that can be tested.
    private nonisolated(nonsending) func prepare(
        _ rotation: Rotation, _ key: ExchangeKey, _ push: Push?, _ change: Change
    ) async throws {
        guard let number = rotation.version else {
            throw Problem(.conflict, "The rotation waits for a credential: add a version to the key.")
        }
        if rotation.state == .failed, rotation.obstacle?.isResumable == false {
            throw Problem(
                .conflict, "Version \(number) cannot be promoted: destroy it and add another, or roll back.")
        }
        var versions = try await KeyVersionStore.all(of: key.id, in: change.transaction)
        guard let index = versions.firstIndex(where: { $0.number == number }) else { return }
        if let apiKey = push?.apiKey {
            try await book.name(&versions[index], apiKey, of: key, change)
            try await KeyVersionStore.update(versions[index], of: key.id, in: change.transaction)
            try await KeyVersionStore.show(versions, of: key.id, in: change.transaction)
        } else if versions[index].waitsForAPIKey {
            throw FieldErrors(
                FieldError(
                    pointer: "/api_key", code: FieldCode.missing,
                    message: "is required: the exchange's name for the public key"))
        }
    }
}

// MARK: Asking the exchange

extension RotationDriver {
    private nonisolated(nonsending) func test(
        _ claimed: Rotation, _ context: Context
    ) async throws -> Rotation {
        let (_, seen) = try await book.look(
            .test, claimed.key, version: claimed.version, by: prober, context
        ) { _, _ in ["rotation_id": .string(claimed.id.description)] }
        return try await settle(claimed, context) { rotation, key, change in
            let known = try await ProbeRecord.find(key.id, in: change.transaction)
            switch RotationVerdict(seen.outcome, for: key, known: known, attempts: rotation.attempts) {
            case .pass:
                try await confirm(rotation, key, change)
                rotation.pass(try book.custody.testTag(of: rotation), at: change.context.now)
            case .again(let obstacle): rotation.postpone(obstacle, at: change.context.now)
            case .fail(let obstacle): rotation.fail(obstacle, at: change.context.now)
            }
        }
    }

    private nonisolated(nonsending) func confirm(
        _ rotation: Rotation, _ key: ExchangeKey, _ change: Change
    ) async throws {
        var versions = try await KeyVersionStore.all(of: key.id, in: change.transaction)
        guard let index = versions.firstIndex(where: { $0.number == rotation.version }) else { return }
        versions[index].verifiedAt = change.context.now
        try await KeyVersionStore.update(versions[index], of: key.id, in: change.transaction)
        try await KeyVersionStore.show(versions, of: key.id, in: change.transaction)
    }

    /// One request about the old key at its exchange, which the job `key-deletion` goes on with. The proof
    /// ends the rotation in the transaction that stores it.
    private nonisolated(nonsending) func retire(
        _ claimed: Rotation, _ context: Context
    ) async throws -> Rotation {
        let deleter = KeyDeleter(book: book, prober: prober)
        if let number = claimed.previousVersion,
            let (deletion, step) = try await deleter.claim(claimed.key, number)
        {
            try await deleter.work(deletion, step, context)
        }
        guard let rotation = try await RotationStore.find(claimed.id, of: claimed.key, in: database) else {
            throw Problem.notFound("rotation")
        }
        return rotation
    }

    /// Writes what an answer came to, unless something else happened to the rotation meanwhile.
    private nonisolated(nonsending) func settle(
        _ claimed: Rotation, _ context: Context,
        _ body: nonisolated(nonsending) (inout Rotation, ExchangeKey, Change) async throws -> Void
    ) async throws -> Rotation {
        try await book.change(context) { change in
            let key = try await book.locked(claimed.key, change)
            guard
                var rotation = try await RotationStore.lock(claimed.id, of: key.id, in: change.transaction)
            else { throw Problem.notFound("rotation") }
            guard rotation.revision == claimed.revision else { return rotation }
            try await body(&rotation, key, change)
            try await book.write(rotation, from: claimed.state, key, change)
            return rotation
        }
    }
}
