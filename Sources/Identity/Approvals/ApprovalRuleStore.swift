import Access
import HTTPServer
import JSON
import Kernel
import Postgres

enum ApprovalRuleSort: String, ListSort {
    case newest = "-created_at"

    var isText: Bool { false }
    var expression: String { "created_at" }
}

/// Rules as rows.
enum ApprovalRuleStore {
    private static let columns = """
        id, name, actions, scope, approvals, role, reason_pattern, reason_least, pending_for, delay,
        valid_for, created_at, created_by, updated_at, updated_by, revision
        """
    static let find = Statement(
        "approval_rule_find", derived: "select \(columns) from approval_rule where id = $1")
    static let lock = Statement(
        "approval_rule_lock",
        derived: "select \(columns) from approval_rule where id = $1 for no key update")
    static let all = Statement(
        "approval_rule_all", derived: "select \(columns) from approval_rule order by created_at, id")
    static let list = Statement(
        "approval_rule_list",
        derived: "select \(columns) from approval_rule where true"
            + ApprovalRuleSort.newest.tail(id: "id", from: 1))
    private static let insert = Statement(
        "approval_rule_insert",
        """
        insert into approval_rule (id, name, actions, scope, approvals, role, reason_pattern, reason_least,
            pending_for, delay, valid_for, created_at, created_by, updated_at, updated_by)
        select $1, normalize($2::text, NFC), $3::text[], $4::jsonb, $5::smallint, $6, $7, $8::smallint, $9,
            $10, $11, $12::timestamptz, $13::text, $12, $13
        where (select count(*) from approval_rule) < $14
        """)
    private static let update = Statement(
        "approval_rule_update",
        """
        update approval_rule set name = normalize($2::text, NFC), actions = $3, scope = $4,
            approvals = $5::smallint, role = $6, reason_pattern = $7, reason_least = $8::smallint,
            pending_for = $9, delay = $10, valid_for = $11, updated_at = $12, updated_by = $13,
            revision = revision + 1
        where id = $1
        """)
    private static let delete = Statement("approval_rule_delete", "delete from approval_rule where id = $1")

    /// More would make every caught request slow.
    static let rulesAtMost = 200

    static nonisolated(nonsending) func find(
        _ id: ApprovalRuleID, in source: any Queryable
    ) async throws -> ApprovalRule {
        try await one(find, id, in: source)
    }

    static nonisolated(nonsending) func lock(
        _ id: ApprovalRuleID, in transaction: Transaction
    ) async throws -> ApprovalRule {
        try await one(lock, id, in: transaction)
    }

    private static nonisolated(nonsending) func one(
        _ statement: Statement, _ id: ApprovalRuleID, in source: any Queryable
    ) async throws -> ApprovalRule {
        let row = try await source.query(statement, .id(id)).first
        guard let rule = row.flatMap(ApprovalRule.init) else { throw Problem.notFound("approval rule") }
        return rule
    }

    /// A row that cannot be read was not written by us, and must not let anything through.
    static nonisolated(nonsending) func all(in source: any Queryable) async throws -> [ApprovalRule] {
        try await source.query(all).map { row in
            guard let rule = ApprovalRule(row) else {
                throw Problem(.conflict, "An approval rule cannot be read: it was changed past this service.")
            }
            return rule
        }
    }

    static nonisolated(nonsending) func insert(
        _ rule: ApprovalRule, in transaction: Transaction
    ) async throws {
        let written = try await write(
            insert, rule, rule.createdAt, rule.createdBy, [.int(rulesAtMost)], in: transaction)
        guard written == 1 else {
            throw Problem(.conflict, "There are \(rulesAtMost) approval rules already: delete some first.")
        }
    }

    static nonisolated(nonsending) func update(
        _ rule: ApprovalRule, in transaction: Transaction
    ) async throws {
        _ = try await write(update, rule, rule.updatedAt, rule.updatedBy, [], in: transaction)
    }

    private static nonisolated(nonsending) func write(
        _ statement: Statement, _ rule: ApprovalRule, _ at: Timestamp, _ by: String, _ more: [Parameter],
        in transaction: Transaction
    ) async throws -> Int {
        let content = rule.content
        let parameters: [Parameter] = [
            .id(rule.id), .text(content.name), .textArray(content.actions.map(\.rawValue)),
            .json(content.scope.stored.bytes), .int16(Int16(content.approvals)), .text(content.role),
            .text(content.reason.pattern), .int16(Int16(content.reason.least)),
            .int64(content.pendingFor.microseconds), .int64(content.delay.microseconds),
            .int64(content.validFor?.microseconds), .timestamp(at), .text(by),
        ]
        do throws(PostgresError) {
            return try await transaction.query(statement, parameters: parameters + more).affected
        } catch {
            guard error.isUniqueViolation("approval_rule_name") else { throw error }
            throw Problem.taken("name", "There is an approval rule of this name already.")
        }
    }

    static nonisolated(nonsending) func delete(
        _ id: ApprovalRuleID, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(delete, .id(id))
    }
}

extension ApprovalRule {
    init?(_ row: Row) {
        let actions = row.textArray(2).map(ApprovalAction.init)
        guard let scope = (try? JSONValue.parse(row.json(3))).flatMap({ Scope(stored: $0) }) else {
            return nil
        }
        self.init(
            id: row.id(0),
            content: Content(
                name: row.text(1), actions: actions, scope: scope, approvals: row.int(4), role: row.text(5),
                reason: ReasonDemand(pattern: row.optionalText(6), least: row.int(7)),
                pendingFor: Period(microseconds: row.int64(8)), delay: Period(microseconds: row.int64(9)),
                validFor: row.optionalInt64(10).map { Period(microseconds: $0) }),
            createdAt: row.timestamp(11), createdBy: row.text(12), updatedAt: row.timestamp(13),
            updatedBy: row.text(14), revision: row.int64(15))
    }
}
