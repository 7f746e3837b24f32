import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// What of a leaver stands in this room.
extension LeavingStep {
    static var ofIdentity: [LeavingStep] {
        [
            LeavingStep("service_accounts") { try await $1.handOverBots(of: $0) },
            LeavingStep("access_tokens") { try await $1.endTokens(of: $0) },
            LeavingStep("known_access_tokens") { try await $1.listKnownTokens(of: $0) },
            LeavingStep("sessions") { try await $1.endSessions(of: $0) },
            LeavingStep("grants") { try await $1.endGrants(of: $0) },
            LeavingStep("groups") { try await $1.leaveGroups($0) },
            LeavingStep("approvals") { try await $1.cancelApprovals(of: $0) },
            LeavingStep("password_resets") { try await $1.voidResets(of: $0) },
            LeavingStep("invitations") { try await $1.endInvitations(of: $0) },
            LeavingStep("break_glass_tokens") { try await BreakGlassStore.revoke(madeBy: $0, $1) },
        ]
    }

    private static let tokens = Statement(
        "leaving_tokens",
        """
        select id from access_token where principal = any ($1) and revoked_at is null
        order by id for no key update
        """)
    /// Nobody got them.
    fileprivate static let stopped = Statement(
        "leaving_stopped", "select id from principal where id = any ($1) and owner is distinct from $2")
    private static let known = Statement(
        "leaving_known_tokens",
        """
        select t.id, t.name from access_token t join principal p on p.id = t.principal
        where (t.created_by = $1 or t.principal = any ($4)) and t.revoked_at is null
            and (t.expires_at is null or t.expires_at > $2)
            and p.status = 'active' and not t.decoy and t.principal <> $3
        order by t.id
        """)
    private static let resets = Statement(
        "leaving_password_resets",
        """
        update password_reset set expires_at = $3
        where (principal = $1 or created_by = $2) and used_at is null and expires_at > $3
        returning principal
        """)
    private static let invitations = Statement(
        "leaving_invitations",
        """
        update invitation set expires_at = $3
        where (principal = $1 or created_by = $2) and used_at is null and expires_at > $3
        returning id, principal
        """)

    fileprivate static func lockTokens(
        of principals: [PrincipalID], in transaction: Transaction
    ) -> Postgres.Query {
        transaction.send(tokens, [.uuidArray(principals.map(\.uuid))])
    }

    fileprivate static func knownTokens(of leaver: Leaver, at now: Timestamp, in transaction: Transaction)
        -> Postgres.Query
    {
        transaction.send(
            known,
            [
                .text(leaver.principal.description), .timestamp(now), .id(leaver.user),
                .uuidArray(leaver.bots.map(\.uuid)),
            ])
    }

    fileprivate static func voidResets(of leaver: Leaver, at now: Timestamp, in transaction: Transaction)
        -> Postgres.Query
    {
        transaction.send(
            resets, [.id(leaver.user), .text(leaver.principal.description), .timestamp(now)])
    }

    fileprivate static func endInvitations(of leaver: Leaver, at now: Timestamp, in transaction: Transaction)
        -> Postgres.Query
    {
        transaction.send(
            invitations, [.id(leaver.user), .text(leaver.principal.description), .timestamp(now)])
    }
}

extension Change {
    /// Each goes to the heir, if the caller may give it away; otherwise it is disabled.
    fileprivate nonisolated(nonsending) func handOverBots(of leaver: Leaver) async throws -> [LeftThing] {
        var things: [LeftThing] = []
        for id in leaver.bots {
            var bot = try await PrincipalStore.locked(id, in: transaction)
            let heir = context.may(.serviceAccountsWrite) ? leaver.heir : nil
            if let heir, try await mayGive(allOf: id, to: heir) {
                bot.owner = heir
                try await give(bot)
                things.append(LeftThing(id, name: bot.name, .reassigned))
            } else {
                _ = try await retire(bot, reason: leaver.disableReason)
                let note = heir.map { _ in
                    "It may do more than the heir, and than whoever would give it away."
                }
                things.append(LeftThing(id, name: bot.name, .suspended, note: note))
            }
        }
        return things
    }

    /// Its owner issues its access tokens: so it goes to whoever may do all that it may, or to whom the
    /// caller could grant it.
    private nonisolated(nonsending) func mayGive(
        allOf bot: PrincipalID, to heir: UserID
    ) async throws -> Bool {
        let own = Rights(try await grants(of: PrincipalID(heir)), at: context.now)
        for wish in try await wishes(forAllOf: bot) {
            if GrantRules.missing(wish, of: own) == nil { continue }
            do throws(Problem) {
                try GrantRules.check(granting: wish, by: context)
            } catch {
                return false
            }
        }
        return true
    }

    private nonisolated(nonsending) func give(_ bot: Principal) async throws {
        let stored = try await PrincipalStore.update(bot, at: context.now, in: transaction)
        audit("service_accounts.change", bot.id, detail: ["changed": ["owner_id"]])
        emit(
            NewEvent(
                .serviceAccountChanged, subject: bot.id, data: stored.eventData([("changed", ["owner_id"])])))
    }

    /// Their own, and those of service accounts that stop with them.
    fileprivate nonisolated(nonsending) func endTokens(of leaver: Leaver) async throws -> [LeftThing] {
        let stopped = try await transaction.query(
            LeavingStep.stopped, .uuidArray(leaver.bots.map(\.uuid)), .id(leaver.heir)
        ).map { PrincipalID(.serviceAccount, $0.uuid(0)) }
        let rows = try await LeavingStep.lockTokens(of: [leaver.principal] + stopped, in: transaction).rows()
        return try await endTokens(rows.map { $0.id(0) }, reason: leaver.disableReason)
    }

    /// Of tokens that are locked.
    nonisolated(nonsending) func endTokens(
        _ ids: [AccessTokenID], reason: String
    ) async throws -> [LeftThing] {
        var things: [LeftThing] = []
        for id in ids {
            guard let row = try await transaction.query(AccessTokenStore.find, .id(id)).first,
                var token = AccessToken(row)
            else { continue }
            token.revokedAt = context.now
            token.revokedBy = context.actor.principal?.description
            token.revokeReason = reason
            try await revoke(token)
            things.append(LeftThing(id, name: token.name, .ended))
        }
        return things
    }

    /// Every access token that counts for these principals.
    nonisolated(nonsending) func endTokens(
        of principals: [PrincipalID], reason: String
    ) async throws -> [LeftThing] {
        let rows = try await LeavingStep.lockTokens(of: principals, in: transaction).rows()
        return try await endTokens(rows.map { $0.id(0) }, reason: reason)
    }

    /// Tokens of others that they issued were shown to them, and so may those be that their bots hold or
    /// issued to themselves. They stay, as programs run on them.
    fileprivate nonisolated(nonsending) func listKnownTokens(of leaver: Leaver) async throws -> [LeftThing] {
        let rows = try await LeavingStep.knownTokens(of: leaver, at: context.now, in: transaction).rows()
        return rows.map { row in
            LeftThing(
                row.id(0, as: AccessTokenKind.self), name: row.text(1), .kept,
                note: "It was shown to them, or to a bot of theirs: issue another one, and revoke this.")
        }
    }

    fileprivate nonisolated(nonsending) func endGrants(of leaver: Leaver) async throws -> [LeftThing] {
        var things: [LeftThing] = []
        for grant in try await GrantStore.all(of: leaver.principal, in: transaction) {
            try await remove(grant)
            things.append(LeftThing(grant.id, name: grant.role, .ended))
        }
        return things
    }

    fileprivate nonisolated(nonsending) func endSessions(of leaver: Leaver) async throws -> [LeftThing] {
        try await KnownDevice.forget(of: leaver.user, in: transaction)
        return try await endSessions(of: leaver.user, reason: leaver.disableReason).map { session in
            LeftThing(session.id, name: session.device, .ended)
        }
    }

    /// Without asking what leaving a group asks for: whoever goes keeps nothing, not even denials.
    fileprivate nonisolated(nonsending) func leaveGroups(_ leaver: Leaver) async throws -> [LeftThing] {
        var things: [LeftThing] = []
        for id in try await GroupStore.all(of: leaver.principal, in: transaction) {
            let group = try await GroupStore.locked(id, in: transaction)
            _ = try await GroupStore.remove(leaver.principal, from: id, in: transaction)
            touch(.principal(leaver.principal))
            note(group, "member_removed", leaver.principal)
            things.append(LeftThing(id, name: group.name, .ended))
        }
        return things
    }

    /// What they and their service accounts asked for. Their votes on what others asked for count no more,
    /// since whoever approved is looked at again when it runs.
    fileprivate nonisolated(nonsending) func cancelApprovals(of leaver: Leaver) async throws -> [LeftThing] {
        var things: [LeftThing] = []
        for id in try await ApprovalStore.open(of: leaver.everybody, in: transaction) {
            var approval = try await ApprovalStore.lock(id, in: transaction)
            guard [.pending, .approved].contains(approval.state) else { continue }
            try await cancel(&approval, reason: leaver.disableReason)
            things.append(LeftThing(id, name: approval.action.rawValue, .ended))
        }
        return things
    }

    /// Links to set a password: to theirs, and those that they made for others.
    fileprivate nonisolated(nonsending) func voidResets(of leaver: Leaver) async throws -> [LeftThing] {
        let rows = try await LeavingStep.voidResets(of: leaver, at: context.now, in: transaction).rows()
        return rows.map { row in row.id(0, as: UserKind.self) }.sorted()
            .map { LeftThing($0, name: nil, .ended) }
    }

    /// Those to them, and those that they made for others: they saw the links.
    fileprivate nonisolated(nonsending) func endInvitations(of leaver: Leaver) async throws -> [LeftThing] {
        let rows = try await LeavingStep.endInvitations(of: leaver, at: context.now, in: transaction).rows()
        return rows.map { row in row.id(1, as: UserKind.self) }.sorted().map { user in
            let isOwn = user == leaver.user
            return LeftThing(
                user, name: nil, .ended, note: isOwn ? nil : "Invite them again: the leaver saw the link.")
        }
    }

    /// A principal who may do nothing from now on.
    nonisolated(nonsending) func retire(_ principal: Principal, reason: String) async throws -> Principal {
        var principal = principal
        let wasDisabled = principal.status == .disabled
        principal.status = .disabled
        principal.disabledAt = context.now
        principal.disableReason = reason
        let stored = try await PrincipalStore.update(principal, at: context.now, in: transaction)
        touch(.principal(principal.id))
        if !wasDisabled { noteStatus(stored, reason: .string(reason)) }
        return stored
    }
}
