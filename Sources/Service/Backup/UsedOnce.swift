import Kernel
import Postgres

/// What counts once, and what was on its way: after a restore nobody knows whether it was used, carried out
/// or taken back since the backup, with a trail or without one. All of it is void.
enum UsedOnce {
    /// As answers tell it.
    private static let reason = "voided by a restore"

    private static let deposits = Statement(
        "restore_void_deposits",
        "update key_deposit set withdrawn_at = $1 where used_at is null and withdrawn_at is null")
    private static let invitations = Statement(
        "restore_void_invitations",
        "update invitation set expires_at = least(expires_at, $1) where used_at is null")
    private static let passwordLinks = Statement(
        "restore_void_password_links",
        "update password_reset set expires_at = least(expires_at, $1) where used_at is null")
    private static let logIns = Statement(
        "restore_void_log_ins", "update pending_login set used_at = $1 where used_at is null")
    private static let visits = Statement(
        "restore_void_openid_visits", "delete from openid_attempt")
    private static let proofs = Statement(
        "restore_void_proofs", "update step_up_proof set used_at = $1 where used_at is null")
    private static let recoveryCodes = Statement(
        "restore_void_recovery_codes", "update recovery_code set used_at = $1 where used_at is null")
    /// The code that an app shows while the restore runs may have been taken before it.
    private static let appCodes = Statement(
        "restore_void_app_codes",
        """
        insert into factor_standing (principal, totp_step)
        select distinct principal, floor(extract(epoch from $1::timestamptz) / 30)::bigint
        from factor
        where kind = 'totp'
        on conflict (principal) do update
            set totp_step = greatest(factor_standing.totp_step, excluded.totp_step)
        """)
    private static let breakGlass = Statement(
        "restore_void_break_glass",
        """
        update break_glass set revoked_at = $1, revoke_reason = $2
        where used_at is null and revoked_at is null
        """)
    private static let sessions = Statement(
        "restore_end_sessions",
        "update session set ended_at = $1, ended_by = 'restore', end_reason = $2 where ended_at is null")
    /// How often they were used is not in the trail.
    private static let countedTokens = Statement(
        "restore_revoke_counted_tokens",
        """
        update access_token set revoked_at = $1, revoked_by = 'restore', revoke_reason = $2
        where max_uses is not null and revoked_at is null
        """)
    /// What was begun may have been done, and what was approved may have been done or rejected.
    private static let approvals = Statement(
        "restore_end_approvals",
        """
        update approval set state = case state when 'running' then 'unknown' else 'cancelled' end,
            finished_at = $1, end_reason = $2, revision = revision + 1
        where state in ('pending', 'approved', 'running')
        """)

    nonisolated(nonsending) static func void(at now: Timestamp, in transaction: Transaction) async throws {
        _ = try await transaction.query(visits)
        for statement in [
            deposits, invitations, passwordLinks, logIns, proofs, recoveryCodes, appCodes,
        ] {
            _ = try await transaction.query(statement, .timestamp(now))
        }
        for statement in [breakGlass, sessions, countedTokens, approvals] {
            _ = try await transaction.query(statement, .timestamp(now), .text(reason))
        }
    }
}
