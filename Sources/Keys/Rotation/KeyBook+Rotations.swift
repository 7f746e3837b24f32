import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// How rotations begin, and how they meet what people do to versions by hand.
extension KeyBook {
    /// Opens a rotation of a key that is locked. A version that is pending already is what it is about.
    nonisolated(nonsending) func openRotation(
        of key: ExchangeKey, _ wish: RotationWish, _ cause: Rotation.Cause, _ change: Change
    ) async throws -> Rotation {
        if let open = try await RotationStore.lockOpen(of: key.id, in: change.transaction) {
            throw Self.underWay(open)
        }
        guard key.currentVersion != nil else {
            throw Problem(.conflict, "The key has no current version: there is nothing to rotate from.")
        }
        let now = change.context.now
        var rotation = Rotation.open(
            ledger.newID(), of: key, cause: cause, reason: wish.reason, overlap: wish.overlap,
            within: wish.within, by: change.context.actor.principal?.description ?? "", at: now)
        let versions = try await KeyVersionStore.all(of: key.id, in: change.transaction)
        if let pending = versions.first(where: { $0.state == .pending }) { rotation.take(pending, at: now) }
        try await RotationStore.insert(rotation, in: change.transaction)
        change.audit("keys.rotations.open", key.id, detail: rotation.auditDetail)
        change.emit(key.rotationChanged(rotation, from: nil))
        return rotation
    }

    static func underWay(_ rotation: Rotation) -> Problem {
        Problem(
            .conflict, "A rotation is under way: advance it, or roll it back.",
            members: [("rotation_id", .string(rotation.id.description))])
    }

    /// Writes a rotation that became another; `from` is the state it had.
    nonisolated(nonsending) func write(
        _ rotation: Rotation, from: Rotation.State, _ key: ExchangeKey, _ change: Change
    ) async throws {
        try await RotationStore.update(rotation, in: change.transaction)
        guard rotation.state != from else { return }
        change.audit("keys.rotations.\(rotation.state.rawValue)", key.id, detail: rotation.auditDetail)
        change.emit(key.rotationChanged(rotation, from: from))
    }

    /// A new pending version is what an open rotation waits for.
    nonisolated(nonsending) func handOver(
        _ version: KeyVersion, of key: ExchangeKey, _ change: Change
    ) async throws {
        guard version.state == .pending,
            var rotation = try await RotationStore.lockOpen(of: key.id, in: change.transaction),
            rotation.version == nil, rotation.state == .staged
        else { return }
        rotation.take(version, at: change.context.now)
        try await write(rotation, from: .staged, key, change)
    }

    /// Who activates a version by hand goes past a rotation's test; not while it needs that version.
    nonisolated(nonsending) func checkFreeToActivate(
        _ number: Int, of key: ExchangeKey, _ change: Change
    ) async throws {
        guard let rotation = try await RotationStore.lockOpen(of: key.id, in: change.transaction) else {
            return
        }
        let isIdle = rotation.state == .staged || rotation.state == .failed
        guard isIdle, rotation.version != number else { throw Self.underWay(rotation) }
    }

    /// One of its versions may go as long as nothing depends on it: then the rotation waits for another.
    nonisolated(nonsending) func checkFreeToDestroy(
        _ number: Int, of key: ExchangeKey, _ change: Change
    ) async throws {
        guard var rotation = try await RotationStore.lockOpen(of: key.id, in: change.transaction),
            number == rotation.version || number == rotation.previousVersion
        else { return }
        let from = rotation.state
        guard number == rotation.version, from == .staged || from == .failed else {
            throw Self.underWay(rotation)
        }
        rotation.lose(at: change.context.now)
        try await write(rotation, from: from, key, change)
    }

    /// Makes the tested version the one that is used.
    nonisolated(nonsending) func promote(
        _ rotation: inout Rotation, _ key: inout ExchangeKey, _ change: Change
    ) async throws {
        let now = change.context.now
        let versions = try await KeyVersionStore.all(of: key.id, in: change.transaction)
        // What the rows say is not taken for granted: an old version is never promoted, nor an untested one.
        guard let number = rotation.version, number > key.currentVersion ?? 0,
            versions.contains(where: { $0.number == number && $0.state == .pending }),
            try custody.isTested(rotation)
        else { return rotation.testAgain(at: now) }
        rotation.promote(over: key.currentVersion, at: now)
        try await activate(number, of: &key, versions, change)
        _ = try await finish(key, change)
        try await ProbeRecord.hasten(key.id, at: now, in: change.transaction)
    }

    /// The old version is to go at its exchange, like one that was revoked.
    nonisolated(nonsending) func retire(
        _ rotation: inout Rotation, _ key: ExchangeKey, _ change: Change
    ) async throws {
        rotation.retire(at: change.context.now)
        guard let number = rotation.previousVersion else { return }
        try await openDeletion(of: key, versions: [number], change)
    }

    /// What became of a deletion is what becomes of the rotation that waits for it.
    nonisolated(nonsending) func follow(
        _ deletion: KeyDeletion, of key: ExchangeKey, _ change: Change
    ) async throws {
        guard var rotation = try await RotationStore.lockOpen(of: key.id, in: change.transaction),
            rotation.state == .retiring, rotation.previousVersion == deletion.version
        else { return }
        let now = change.context.now
        switch deletion.state {
        case .proven: rotation.finish(deletion.proofValue, at: now)
        case .deleted where !deletion.exchange.tellsOfNoKey:
            rotation.finish(["said_by": .string(deletion.deletedBy ?? "")], at: now)
        case .due, .deleted: rotation.saw(deletion.obstacle, at: now)
        }
        try await write(rotation, from: .retiring, key, change)
    }

    /// Brings the old version back where the new one was promoted already.
    nonisolated(nonsending) func rollBack(
        _ rotation: inout Rotation, _ key: inout ExchangeKey, reason: String, _ change: Change
    ) async throws {
        let now = change.context.now
        guard rotation.state.isOpen else { throw Problem(.conflict, "The rotation is over.") }
        let wasPromoted = rotation.state.isPromoted
        rotation.rollBack(because: .init(code: "rolled_back", sentence: reason, isResumable: false), at: now)
        guard wasPromoted, let number = rotation.previousVersion else { return }
        // Locked: whoever is about to send the request has claimed it, and is waited for.
        let deletion = try await KeyDeletionStore.lock(key.id, number, in: change.transaction)
        guard deletion.map({ $0.state == .due && $0.sends == 0 }) ?? true else {
            throw Problem(.conflict, "Version \(number) was deleted at its exchange, or is about to be.")
        }
        let versions = try await KeyVersionStore.all(of: key.id, in: change.transaction)
        guard versions.contains(where: { $0.number == number && $0.state == .previous }) else {
            throw Problem(.conflict, "Version \(number) is not there any more.")
        }
        try await activate(number, of: &key, versions, change)
        _ = try await finish(key, change)
        try await ProbeRecord.hasten(key.id, at: now, in: change.transaction)
    }
}

/// What somebody asks of a new rotation.
struct RotationWish {
    let reason: String?
    let overlap: WrittenPeriod
    /// For the new secret to be brought.
    let within: Period
}

extension RotationWish {
    /// As the service itself asks, when it is time or a secret lay in a file.
    static func usual(_ reason: String?) -> RotationWish {
        guard let overlap = WrittenPeriod(Rotation.usualOverlap) else {
            preconditionFailure("the usual overlap is a period")
        }
        return RotationWish(reason: reason, overlap: overlap, within: Rotation.usualTime)
    }
}

extension Rotation {
    var auditDetail: JSONValue {
        [
            "rotation_id": .string(id.description), "state": .string(state.rawValue),
            "cause": .string(cause.rawValue), "version": .number(version),
            "previous_version": .number(previousVersion),
            "error": obstacle.map { .string($0.code) } ?? .null,
        ]
    }
}

extension KeyDeletion {
    /// What stands against the end of a rotation.
    var obstacle: Rotation.Obstacle {
        let code = outcome == "confirmed" ? "still_accepted" : outcome ?? "not_asked"
        return .init(code: code, sentence: error ?? instructions)
    }
}

extension ExchangeKey {
    func rotationChanged(_ rotation: Rotation, from: Rotation.State?) -> NewEvent {
        event(
            .keyRotationChanged,
            [
                "rotation_id": .string(rotation.id.description),
                "from": from.map { .string($0.rawValue) } ?? .null,
                "state": .string(rotation.state.rawValue), "cause": .string(rotation.cause.rawValue),
                "version": .number(rotation.version),
                "error": rotation.obstacle.map { .string($0.code) } ?? .null,
            ])
    }

    func rotationStuck(_ rotation: Rotation) -> NewEvent {
        event(
            .keyRotationStuck,
            [
                "rotation_id": .string(rotation.id.description),
                "state": .string(rotation.state.rawValue),
                "waiting_for": rotation.waitingFor.map { .string($0) } ?? .null,
                "deadline": .string(rotation.deadline.description),
                "error": rotation.obstacle.map { .string($0.code) } ?? .null,
                "detail": rotation.obstacle.map { .string($0.sentence) } ?? .null,
            ])
    }
}

extension JSONValue {
    fileprivate static func number(_ value: Int?) -> JSONValue {
        value.map { .number(JSONNumber(Int64($0))) } ?? .null
    }
}
