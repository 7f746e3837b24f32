import Access
import JSON
import Kernel
import Postgres

/// Rules that were made of packs.
struct PackStore {
    /// A rule of a pack that is an alert rule now.
    struct Row {
        let name: String
        let rule: AlertRuleID
        var version: Int
        /// What somebody chose.
        var adjustments: JSONObject
    }

    private static let lock = Statement("rule_pack_lock", "select pg_advisory_xact_lock($1)")
    /// Any number that nobody else takes.
    private static let lockNumber: Int64 = 0x7061_636B_7275_6C65
    private static let read = Statement(
        "rule_pack_rows",
        "select name, rule, version, adjustments from rule_pack_rule where pack = $1 order by name")
    private static let write = Statement(
        "rule_pack_write",
        """
        insert into rule_pack_rule (pack, name, rule, version, adjustments) values ($1, $2, $3, $4, $5)
        on conflict (pack, name) do update set rule = excluded.rule, version = excluded.version,
            adjustments = excluded.adjustments
        """)

    let database: Database

    /// Nobody else changes rules of packs until the transaction is over.
    nonisolated(nonsending) func lock(in transaction: Transaction) async throws {
        _ = try await transaction.query(Self.lock, .int64(Self.lockNumber))
    }

    nonisolated(nonsending) func rows(
        of pack: RulePack, in source: (any Queryable)? = nil
    ) async throws -> [String: Row] {
        let rows = try await (source ?? database).query(Self.read, .text(pack.name)).map { row in
            Row(
                name: row.text(0), rule: row.id(1), version: row.int(2), adjustments: row.object(3))
        }
        return Dictionary(rows.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }

    nonisolated(nonsending) func write(
        _ row: Row, of pack: RulePack, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            Self.write, .text(pack.name), .text(row.name), .id(row.rule), .int(row.version),
            .text(JSONValue.object(row.adjustments).text))
    }
}
