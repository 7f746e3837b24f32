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
        /// Roles that they themselves were denied, which is over: an owner is denied nothing.
        package let denials: [String]
        package let secret: AccessTokenSecret
        package let expiresAt: Timestamp
    }

    package struct Refused: Error, CustomStringConvertible {
        package let description: String
    }

    private static let byEmail = Statement(
        "owner_recovery_find",
        "select id from principal where email_folded = normalize($1::text, NFC) and kind = 'user'")
    private static let isGlass = Statement(
        "owner_recovery_glass", "select exists (select from break_glass where principal = $1)")

    private static let denyingGroups = Statement(
        "owner_recovery_groups",
        """
        select g.name from group_member m join access_group g on g.id = m.group_id
        where m.principal = $1 and exists (
            select from access_grant d where d.group_id = g.id and d.effect = 'deny'
                and (d.expires_at is null or d.expires_at > $2))
        order by g.name limit 20
        """)

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    /// Their access tokens end: whoever lost their way in may have lost those to somebody.
    package nonisolated(nonsending) func carryOut(email: String, name: String?) async throws -> Outcome {
        let context = Context.installation(now: ledger.clock.now(), requestID: "recover-owner")
        return try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            let rows = try await change.transaction.query(Self.byEmail, .text(email.lowercased()))
            let found = rows.first.map { UserID($0.uuid(0)) }
            guard let found else {
                // Whoever has an address already keeps it; a new one must not look like another's.
                if let mistake = EmailText.mistake(in: email) {
                    throw Refused(description: "the address \(mistake)")
                }
                return try await link(to: make(email, name ?? email, change), isNew: true, change)
            }
            let (user, denials) = try await revive(found, change)
            return try await link(to: user, isNew: false, without: denials, change)
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

    private nonisolated(nonsending) func revive(
        _ id: UserID, _ change: Change
    ) async throws -> (Principal, denials: [String]) {
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
        let denials = try await endDenials(of: user, change)
        if !user.roles.contains(.owner) { try await makeOwner(user, change) }
        _ = try await change.endTokens(of: [user.id], reason: "recover-owner")
        try await forget(id, change)
        return (user, denials)
    }

    /// Whoever is denied something is no owner who counts. What comes by a group is not theirs alone to end.
    private nonisolated(nonsending) func endDenials(
        of user: Principal, _ change: Change
    ) async throws -> [String] {
        let groups = try await change.transaction.query(
            Self.denyingGroups, .uuid(user.id.uuid), .timestamp(change.context.now)
        ).map { $0.text(0) }
        guard groups.isEmpty else {
            throw Problem(
                .conflict,
                """
                Groups that this user is in are denied something: \(groups.joined(separator: ", ")). Recover \
                an owner with another address, who can take them out.
                """)
        }
        let denials = try await GrantStore.all(of: user.id, in: change.transaction)
            .filter { $0.effect == .deny }
        for denial in denials { try await change.remove(denial) }
        return Set(denials.map(\.role)).sorted()
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
        to user: Principal, isNew: Bool, without denials: [String] = [], _ change: Change
    ) async throws -> Outcome {
        let (context, id) = (change.context, UserID(user.id.uuid))
        let secret = AccessTokenSecret(.invitation, ledger.entropy)
        try await Invitation.void(of: id, at: context.now, in: change.transaction)
        let expiresAt = try await Invitation.insert(
            secret, id: UUID(at: context.now, entropy: ledger.entropy), for: id, by: context.actor,
            at: context.now, lasting: Self.lifetime, recovers: true, in: change.transaction)
        change.touch(.principal(user.id))
        let ended = JSONValue.array(denials.map { .string($0) })
        change.audit("owners.recover", user.id, detail: ["via": "host", "denials_ended": ended])
        change.emit(
            NewEvent(
                .ownerRecovered, subject: user.id,
                data: user.eventData([("severity", "critical"), ("via", "host")])))
        return Outcome(
            user: id, name: user.name, isNew: isNew, denials: denials, secret: secret, expiresAt: expiresAt)
    }
}
