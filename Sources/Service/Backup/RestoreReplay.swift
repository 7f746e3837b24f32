import Access
import JSON
import Kernel
import Postgres

/// What an exported trail shows to have been taken away since the backup, taken away again. Nobody is left
/// without a way in by that: what would do so is left to a person.
enum RestoreReplay {
    private static let revokeToken = Statement(
        "restore_revoke_token",
        """
        update access_token set revoked_at = $2, revoked_by = $3, revoke_reason = 'replayed after a restore'
        where id = $1 and revoked_at is null
        """)
    private static let endToken = Statement(
        "restore_end_token", "update access_token set expires_at = least(expires_at, $2) where id = $1")
    private static let deleteGrant = Statement(
        "restore_delete_grant", "delete from access_grant where id = $1")
    /// A group that denies something is left by a person's doing only.
    private static let leaveGroup = Statement(
        "restore_leave_group",
        """
        delete from group_member where group_id = $1 and principal = $2 and not exists (
            select from access_grant g where g.group_id = $1 and g.effect = 'deny')
        """)
    private static let isMember = Statement(
        "restore_is_member", "select from group_member where group_id = $1 and principal = $2")
    private static let deny = Statement(
        "restore_deny",
        """
        insert into access_grant (id, principal, group_id, role, effect, scope, expires_at, created_at,
            created_by)
        select $1, p.id, g.id, $4, 'deny', $5::jsonb, $6, $7, 'restore'
        from (values (1)) as one left join principal p on p.id = $2 left join access_group g on g.id = $3
        where (p.id is null) <> (g.id is null)
        on conflict do nothing
        """)
    private static let disable = Statement(
        "restore_disable_principal",
        """
        update principal set status = 'disabled', disabled_at = $2, revision = revision + 1,
            disable_reason = 'replayed after a restore'
        where id = $1 and status <> 'disabled'
        """)
    /// An app's codes open nothing by themselves, so the last factor stays. A passkey does: it goes where
    /// another way in is left.
    private static let removeFactor = Statement(
        "restore_remove_factor",
        """
        delete from factor f where f.id = $1 and (
            exists (select from factor o
                where o.principal = f.principal and o.id <> f.id and o.confirmed_at is not null
                    and (f.kind <> 'passkey' or o.kind = 'passkey'))
            or f.kind = 'passkey' and (exists (select from password p where p.principal = f.principal)
                or exists (select from openid_link l where l.principal = f.principal)))
        """)
    private static let hasFactor = Statement("restore_has_factor", "select from factor where id = $1")
    private static let removePassword = Statement(
        "restore_remove_password",
        """
        delete from password p where p.principal = $1 and (
            exists (select from openid_link l where l.principal = p.principal)
            or exists (select from factor f where f.principal = p.principal and f.kind = 'passkey'
                and f.confirmed_at is not null))
        """)
    private static let hasPassword = Statement(
        "restore_has_password", "select from password where principal = $1")
    private static let unlink = Statement(
        "restore_unlink",
        """
        delete from openid_link l where l.principal = $1 and (
            exists (select from password p where p.principal = l.principal)
            or exists (select from factor f where f.principal = l.principal and f.kind = 'passkey'
                and f.confirmed_at is not null))
        """)
    private static let isLinked = Statement(
        "restore_is_linked", "select from openid_link where principal = $1")
    /// What a role permits less, it denies less where it is denied.
    private static let narrowRole = Statement(
        "restore_narrow_role",
        """
        update role set permissions = array(
                select p from unnest(permissions) with ordinality as of (p, at)
                where not p = any ($2::text[]) order by at),
            updated_at = $3, revision = revision + 1
        where name = $1 and permissions && $2::text[] and not exists (
            select from access_grant g where g.role = $1 and g.effect = 'deny')
        """)
    private static let roleHas = Statement(
        "restore_role_has", "select from role where name = $1 and permissions && $2::text[]")
    private static let disableWebhook = Statement(
        "restore_disable_webhook",
        """
        update webhook set status = 'disabled', status_reason = 'replayed after a restore',
            down_since = coalesce(down_since, $2), updated_at = $2, revision = revision + 1
        where id = $1 and status <> 'disabled'
        """)
    private static let endSoloMode = Statement(
        "restore_end_solo_mode",
        """
        update approval_setting set solo = false, changed_at = $1, changed_by = 'restore',
            reason = 'replayed after a restore', revision = revision + 1
        where solo
        """)

    /// - Returns: why it is left to a person after all; nil when it is done.
    nonisolated(nonsending) static func carryOut(
        _ action: RestoreAction, at now: Timestamp, in transaction: Transaction
    ) async throws -> String? {
        let text = action.resource ?? ""
        switch action.action {
        case "grants.create": try await deny(action, at: now, in: transaction)
        case "settings.solo_mode": _ = try await transaction.query(endSoloMode, .timestamp(now))
        case "access_tokens.rotate":
            let end = action.detail["expires_at"]?.asString.flatMap { Timestamp($0) } ?? now
            _ = try await transaction.query(endToken, .id(AccessTokenID(text)), .timestamp(end))
        case "roles.change": return try await narrow(text, action, at: now, in: transaction)
        case "factors.remove", "password.change", "users.unlink":
            return try await closeWay(text, action.action, in: transaction)
        default: return try await takeAway(text, action, at: now, in: transaction)
        }
        return nil
    }

    private nonisolated(nonsending) static func takeAway(
        _ text: String, _ action: RestoreAction, at now: Timestamp, in transaction: Transaction
    ) async throws -> String? {
        if let group = GroupID(text) {
            let member = action.detail["principal_id"]?.asString.flatMap { PrincipalID($0) }
            _ = try await transaction.query(leaveGroup, .id(group), .uuid(member?.uuid))
            let stays = try await transaction.query(isMember, .id(group), .uuid(member?.uuid)).count > 0
            return stays ? "The group denies something: whoever leaves it gets that back." : nil
        } else if let id = AccessTokenID(text) {
            _ = try await transaction.query(revokeToken, .id(id), .timestamp(now), .text("restore"))
        } else if let id = GrantID(text) {
            _ = try await transaction.query(deleteGrant, .id(id))
        } else if let id = WebhookID(text) {
            _ = try await transaction.query(disableWebhook, .id(id), .timestamp(now))
        } else if let id = PrincipalID(text) {
            _ = try await transaction.query(disable, .uuid(id.uuid), .timestamp(now))
        }
        return nil
    }

    /// By its factor, or by its user: the password, or the account at the provider.
    private nonisolated(nonsending) static func closeWay(
        _ text: String, _ action: String, in transaction: Transaction
    ) async throws -> String? {
        let id = Parameter.uuid(FactorID(text)?.uuid ?? PrincipalID(text)?.uuid)
        let (close, find, note) =
            switch action {
            case "factors.remove":
                (removeFactor, hasFactor, "It counts again, and is the last that its user has.")
            case "password.change":
                (
                    removePassword, hasPassword,
                    "The password before it counts again, and nothing else lets its user in."
                )
            default:
                (unlink, isLinked, "The account counts again, and nothing else lets its user in.")
            }
        _ = try await transaction.query(close, id)
        return try await transaction.query(find, id).isEmpty ? nil : note
    }

    private nonisolated(nonsending) static func narrow(
        _ role: String, _ action: RestoreAction, at now: Timestamp, in transaction: Transaction
    ) async throws -> String? {
        let removed = Parameter.textArray(action.permissionsRemoved)
        _ = try await transaction.query(narrowRole, .text(role), removed, .timestamp(now))
        let stays = try await transaction.query(roleHas, .text(role), removed).count > 0
        return stays ? "The role denies something to somebody: what it permits less, it denies less." : nil
    }

    private nonisolated(nonsending) static func deny(
        _ action: RestoreAction, at now: Timestamp, in transaction: Transaction
    ) async throws {
        let detail = action.detail
        guard let id = action.resource.flatMap({ GrantID($0) }), let role = detail["role"]?.asString,
            let grantee = detail["principal_id"]?.asString, let scope = detail["on"]?.bytes
        else { return }
        _ = try await transaction.query(
            deny, .id(id), .uuid(PrincipalID(grantee)?.uuid), .id(GroupID(grantee)), .text(role),
            .text(String(decoding: scope, as: UTF8.self)),
            .timestamp(detail["expires_at"]?.asString.flatMap { Timestamp($0) }), .timestamp(now))
    }
}
