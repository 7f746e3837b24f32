import Access
import Events
import HTTPServer
import JSON
import Kernel
package import Postgres

/// Rules as rows.
package struct AlertRuleStore {
    private static let insert = Statement(
        "alert_rule_insert",
        """
        insert into alert_rule (id, owner, status, status_reason, version, revision, created_at,
            updated_at, tests,
            name, severity, event_types, condition, group_by, cooldown, labels, send_to, is_security,
                is_retroactive, course, advice)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, normalize($10::text, NFC), $11, $12, $13, $14, $15,
            $16, $17, $18,
            $19, $20, $21)
        """)
    private static let update = Statement(
        "alert_rule_update",
        """
        update alert_rule set owner = $2, status = $3, status_reason = $4, version = $5, revision = $6,
            created_at = $7, updated_at = $8, tests = $9, name = normalize($10::text, NFC), severity = $11,
            event_types = $12, condition = $13, group_by = $14, cooldown = $15, labels = $16, send_to = $17,
            is_security = $18, is_retroactive = $19, course = $20, advice = $21
        where id = $1
        """)
    private static let keepVersion = Statement(
        "alert_rule_keep_version",
        """
        insert into alert_rule_version (rule, version, made_at, made_by, name, severity, event_types,
            condition,
            group_by, cooldown, labels, send_to, is_security, is_retroactive, course, advice)
        select id, version, updated_at, $2, name, severity, event_types, condition, group_by, cooldown,
            labels,
            send_to, is_security, is_retroactive, course, advice
        from alert_rule where id = $1
        """)
    private static let find = Statement(
        "alert_rule_find",
        """
        select id, owner, status, status_reason, version, revision, created_at, updated_at, name, severity,
            event_types, condition, group_by, cooldown, labels, send_to, is_security, is_retroactive,
                course, advice, tests,
            (select max(last_at) from alert where alert.rule = alert_rule.id),
            (select json_build_object('pack', p.pack, 'rule', p.name, 'version', p.version)
                from rule_pack_rule p where p.rule = alert_rule.id)
        from alert_rule where id = $1
        """)
    private static let lock = Statement(
        "alert_rule_lock", "select id from alert_rule where id = $1 for no key update")
    private static let namesake = Statement(
        "alert_rule_namesake",
        """
        select id, name from alert_rule
        where lower(name) = lower(normalize($1::text, NFC)) and id is distinct from $2::uuid
        """)
    private static let delete = Statement("alert_rule_delete", "delete from alert_rule where id = $1")
    private static let versions = Statement(
        "alert_rule_versions",
        """
        select version, made_at, made_by, name, severity, event_types, condition, group_by, cooldown,
            labels, send_to,
            is_security, is_retroactive, course, advice
        from alert_rule_version
        where rule = $1 and ($2::bigint is null or version < $2) order by version desc limit $3
        """)
    private static let version = Statement(
        "alert_rule_version",
        """
        select version, made_at, made_by, name, severity, event_types, condition, group_by, cooldown,
            labels, send_to,
            is_security, is_retroactive, course, advice
        from alert_rule_version where rule = $1 and version = $2
        """)

    private static let begin = Statement(
        "alert_rule_begin",
        """
        update alert_rule set begun_era = installation.era, begun_xid = pg_current_xact_id()
        from installation where alert_rule.id = $1
        """)

    let database: Database

    package init(database: Database) { self.database = database }

    nonisolated(nonsending) func find(
        _ id: AlertRuleID, in source: (any Queryable)? = nil
    ) async throws -> AlertRule? {
        try await (source ?? database).query(Self.find, .id(id)).first.flatMap { AlertRule($0) }
    }

    /// For a change: nobody else changes it until the transaction is over.
    nonisolated(nonsending) func lock(_ id: AlertRuleID, in transaction: Transaction) async throws
        -> AlertRule?
    {
        _ = try await transaction.query(Self.lock, .id(id))
        return try await find(id, in: transaction)
    }

    /// The rule that has a name already, and how it writes it.
    nonisolated(nonsending) func namesake(
        of name: String, except id: AlertRuleID?, in transaction: Transaction
    ) async throws -> (id: AlertRuleID, name: String)? {
        try await transaction.query(Self.namesake, .text(name), .id(id)).first.map { ($0.id(0), $0.text(1)) }
    }

    /// - Parameter author: where it is not the owner.
    nonisolated(nonsending) func insert(
        _ rule: AlertRule, by author: PrincipalID? = nil, in transaction: Transaction
    ) async throws {
        try await write(Self.insert, rule, in: transaction)
        try await keepVersion(of: rule, by: author ?? rule.owner, in: transaction)
    }

    nonisolated(nonsending) func update(_ rule: AlertRule, in transaction: Transaction) async throws {
        try await write(Self.update, rule, in: transaction)
    }

    nonisolated(nonsending) func keepVersion(
        of rule: AlertRule, by author: PrincipalID?, in transaction: Transaction
    ) async throws {
        let name = author?.description ?? rule.storedOwner
        _ = try await transaction.query(Self.keepVersion, .id(rule.id), .text(name))
    }

    /// From this transaction on it sees events, and remembers nothing of before.
    nonisolated(nonsending) func begin(_ id: AlertRuleID, in transaction: Transaction) async throws {
        _ = try await transaction.query(Self.begin, .id(id))
    }

    nonisolated(nonsending) func delete(_ id: AlertRuleID, in transaction: Transaction) async throws {
        _ = try await transaction.query(Self.delete, .id(id))
    }

    /// Newest first, below a version.
    nonisolated(nonsending) func versions(
        of id: AlertRuleID, below version: Int?, limit: Int
    ) async throws -> [RuleVersion] {
        try await database.query(Self.versions, .id(id), .int(version), .int(limit)).map { RuleVersion($0) }
    }

    nonisolated(nonsending) func version(
        _ version: Int, of id: AlertRuleID, in source: (any Queryable)? = nil
    ) async throws -> RuleVersion? {
        try await (source ?? database).query(Self.version, .id(id), .int(version)).first.map {
            RuleVersion($0)
        }
    }

    private nonisolated(nonsending) func write(
        _ statement: Statement, _ rule: AlertRule, in transaction: Transaction
    ) async throws {
        let state: [Parameter] = [
            .id(rule.id), .text(rule.storedOwner), .text(rule.status.rawValue),
            .text(rule.statusReason),
            .int32(Int32(rule.version)), .int64(rule.revision), .timestamp(rule.createdAt),
            .timestamp(rule.updatedAt), rule.storedTests,
        ]
        do {
            _ = try await transaction.query(statement, parameters: state + rule.content.parameters)
        } catch let error where error.isUniqueViolation("alert_rule_name") {
            throw Problem(
                .alreadyExists, "A rule of this name exists; names differ by more than case.",
                errors: [FieldError(pointer: "/name", code: "already_exists", message: "is taken")])
        }
    }
}

extension RuleVersion {
    fileprivate init(_ row: Row) {
        self.init(
            version: row.int(0), madeAt: row.timestamp(1), madeBy: row.text(2),
            content: RuleContent(row, from: 3))
    }
}
