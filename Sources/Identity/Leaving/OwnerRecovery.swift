package import Access
package import Events
import HTTPServer
import JSON
package import Kernel
import Postgres

/// A way back in for whoever holds the host, the database and the root key: an owner, and a link that is good
/// once, for an hour.
package struct OwnerRecovery {
    package static let lifetime: Period = .hours(1)

    package struct Outcome: Sendable {
        package let user: UserID
        package let name: String
        /// They were not there before.
        package let isNew: Bool
        package let secret: AccessTokenSecret
        package let expiresAt: Timestamp
    }

    private static let byEmail = Statement(
        "owner_recovery_find",
        "select id from principal where email_folded = normalize($1::text, NFC) and kind = 'user'")
    private static let isGlass = Statement(
        "owner_recovery_glass", "select exists (select from break_glass where principal = $1)")

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    /// Their access tokens end: whoever lost their way in may have lost those to somebody.
    package nonisolated(nonsending) func carryOut(email: String, name: String?) async throws -> Outcome {
        let context = Context.installation(now: ledger.clock.now(), requestID: "recover-owner")
        return try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            let rows = try await change.transaction.query(Self.byEmail, .text(email.lowercased()))
            let found = rows.first.map { UserID($0.uuid(0)) }
            let user =
                if let found {
                    try await revive(found, change)
                } else {
                    try await make(email, name ?? email, change)
                }
            return try await link(to: user, isNew: found == nil, change)
        }
    }

    private nonisolated(nonsending) func make(
        _ email: String, _ name: String, _ change: Change
    ) async throws -> Principal {
        let now = change.context.now
        let user = Principal(
            id: PrincipalID(ledger.newID(UserKind.self)), name: name, email: email, status: .invited,
            createdAt: now, updatedAt: now, revision: 1, hasJoined: false, roles: [])
        return try await change.add(user, role: .owner, grant: ledger.newID())
    }

    private nonisolated(nonsending) func revive(_ id: UserID, _ change: Change) async throws -> Principal {
        var user = try await PrincipalStore.locked(PrincipalID(id), in: change.transaction)
        guard try await change.transaction.query(Self.isGlass, .id(id)).first?.bool(0) == false else {
            throw Problem(.conflict, "A break-glass token made this user; it lapses with it.")
        }
        if user.status == .disabled {
            user.status = user.hasJoined ? .active : .invited
            (user.disabledAt, user.disableReason) = (nil, nil)
            user = try await PrincipalStore.update(user, at: change.context.now, in: change.transaction)
            change.noteStatus(user, reason: "recover-owner")
        }
        if !user.roles.contains(.owner) { try await makeOwner(user, change) }
        _ = try await change.endTokens(of: [user.id], reason: "recover-owner")
        try await forget(id, change)
        return user
    }

    /// On everything, and for good: what there is of it for a while only gives way.
    private nonisolated(nonsending) func makeOwner(_ user: Principal, _ change: Change) async throws {
        let role = BuiltInRole.owner.rawValue
        for grant in try await GrantStore.all(of: user.id, in: change.transaction)
        where grant.role == role && grant.effect == .allow && grant.scope == .everything {
            try await change.remove(grant)
        }
        try await change.add(
            Grant(
                id: ledger.newID(), grantee: .principal(user.id), role: role, createdAt: change.context.now,
                createdBy: nil))
    }

    /// Whoever lost everything shows nothing of it any more: neither password nor factor, on no session.
    private nonisolated(nonsending) func forget(_ user: UserID, _ change: Change) async throws {
        try await change.endSessions(of: user, reason: "recover-owner")
        for factor in try await FactorStore.list(of: user, in: change.transaction) {
            try await change.remove(factor, reason: "reset")
        }
        try await OnceStore.replaceCodes(
            of: user, by: [], at: change.context.now, in: change.transaction)
        try await KnownDevice.forget(of: user, in: change.transaction)
        try await PasswordStore.remove(of: user, in: change.transaction)
        try await PasswordReset.void(of: user, at: change.context.now, in: change.transaction)
        try await OpenIDLinkStore.unlink(user, in: change.transaction)
    }

    private nonisolated(nonsending) func link(
        to user: Principal, isNew: Bool, _ change: Change
    ) async throws -> Outcome {
        let (context, id) = (change.context, UserID(user.id.uuid))
        let secret = AccessTokenSecret(.invitation, ledger.entropy)
        try await Invitation.void(of: id, at: context.now, in: change.transaction)
        let expiresAt = try await Invitation.insert(
            secret, id: UUID(at: context.now, entropy: ledger.entropy), for: id, by: context.actor,
            at: context.now, lasting: Self.lifetime, recovers: true, in: change.transaction)
        change.touch(.principal(user.id))
        change.audit("owners.recover", user.id, detail: ["via": "host"])
        change.emit(
            NewEvent(
                .ownerRecovered, subject: user.id,
                data: user.eventData([("severity", "critical"), ("via", "host")])))
        return Outcome(user: id, name: user.name, isNew: isNew, secret: secret, expiresAt: expiresAt)
    }
}
