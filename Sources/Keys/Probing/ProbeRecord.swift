import Access
import Exchanges
import JSON
import Kernel
import Postgres

/// What is remembered of the newest probe of a key.
struct ProbeRecord: Sendable {
    let version: Int
    let probedAt: Timestamp
    let outcome: String
    let detail: String?
    /// Of the newest probe that was confirmed.
    let permissions: [String]?
    let isAddressBound: Bool?
    let addresses: [String]
    let expiresAt: Timestamp?
    let uid: String?
    let drift: [String]
    let failures: Int
    var nonceWindow: Int64?
    var accountMode: String?
}

extension ProbeRecord {
    private static let find = Statement(
        "key_probe_find",
        """
        select version, probed_at, outcome, detail, permissions, ip_bound, addresses, expires_at, uid, drift,
            failures, nonce_window, account_mode
        from key_probe where key = $1 and probed_at is not null
        """)
    private static let confirm = Statement(
        "key_probe_confirm",
        """
        insert into key_probe (key, next_at, version, probed_at, outcome, permissions, ip_bound, addresses,
            expires_at, uid, raw, drift, nonce_window, account_mode)
        values ($1, $2, $3::integer, $4, 'confirmed', $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (key) do update set next_at = excluded.next_at, version = excluded.version,
            probed_at = excluded.probed_at, outcome = excluded.outcome, detail = null,
            permissions = excluded.permissions, ip_bound = excluded.ip_bound, addresses = excluded.addresses,
            expires_at = excluded.expires_at, uid = excluded.uid, raw = excluded.raw, drift = excluded.drift,
            nonce_window = excluded.nonce_window, account_mode = excluded.account_mode, failures = 0
        """)
    private static let fail = Statement(
        "key_probe_fail",
        """
        insert into key_probe (key, next_at, version, probed_at, outcome, detail, drift, failures)
        values ($1, $2, $3::integer, $4, $5, $6, $7, 1)
        on conflict (key) do update set next_at = excluded.next_at, version = excluded.version,
            probed_at = excluded.probed_at, outcome = excluded.outcome, detail = excluded.detail,
            drift = excluded.drift, failures = key_probe.failures + 1
        """)

    private static let hasten = Statement(
        "key_probe_hasten", "update key_probe set next_at = $2 where key = $1")

    /// Another version is the current one: what it may do is not known yet.
    nonisolated(nonsending) static func hasten(
        _ key: ExchangeKeyID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(hasten, .id(key), .timestamp(now))
    }

    nonisolated(nonsending) static func find(
        _ key: ExchangeKeyID, in source: any Queryable
    ) async throws -> ProbeRecord? {
        try await source.query(find, .id(key)).first.map { row in
            ProbeRecord(
                version: row.int(0), probedAt: row.timestamp(1), outcome: row.text(2),
                detail: row.optionalText(3), permissions: row.isNull(4) ? nil : row.textArray(4),
                isAddressBound: row.optionalBool(5), addresses: row.isNull(6) ? [] : row.textArray(6),
                expiresAt: row.optionalTimestamp(7), uid: row.optionalText(8), drift: row.textArray(9),
                failures: row.int(10), nonceWindow: row.optionalInt64(11),
                accountMode: row.optionalText(12))
        }
    }

    nonisolated(nonsending) static func write(
        _ outcome: ProbeOutcome, of key: ExchangeKey, version: Int, drift: [String], next: Timestamp,
        at now: Timestamp, in transaction: Transaction
    ) async throws {
        guard let found = outcome.permissions else {
            _ = try await transaction.query(
                fail, .id(key.id), .timestamp(next), .int(version), .timestamp(now), .text(outcome.name),
                .text(outcome.detail), .textArray(drift))
            return
        }
        _ = try await transaction.query(
            confirm, .id(key.id), .timestamp(next), .int(version), .timestamp(now),
            .textArray(found.areTold ? found.list.map(\.rawValue) : nil), .bool(found.isAddressBound),
            .textArray(found.addresses), .timestamp(found.expiresAt), .text(found.uid),
            .json(found.raw.isEmpty ? nil : found.raw), .textArray(drift),
            .int64(found.nonceWindow), .text(found.accountMode))
    }
}
