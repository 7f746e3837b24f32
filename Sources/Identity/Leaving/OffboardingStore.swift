import Access
import JSON
import Kernel
import Postgres

/// Off-boardings as rows; what became of each rotation is read where it stands.
enum OffboardingStore {
    private static let insert = Statement(
        "offboarding_insert",
        """
        insert into offboarding (id, principal, at, by, reason, heir, digest, steps)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """)
    private static let insertKeys = Statement(
        "offboarding_keys_insert",
        """
        insert into offboarding_key (offboarding, key, facts)
        select $1, k.key, k.facts from unnest($2::uuid[], $3::jsonb[]) as k (key, facts)
        """)
    private static let latest = Statement(
        "offboarding_latest",
        """
        select o.id, o.principal, o.at, o.by, o.reason, o.heir, o.digest, o.steps,
            (select count(*) from offboarding_key k
                where k.offboarding = o.id and k.facts ->> 'could' <> '[]'),
            (select count(*) from offboarding_key k
                where k.offboarding = o.id and (k.facts ->> 'uses')::bigint > 0),
            (select count(*) from offboarding_key k where k.offboarding = o.id and k.facts ->> 'saw' <> '[]'),
            p.status = 'disabled' and p.disabled_at = o.at
        from offboarding o join principal p on p.id = o.principal
        where o.principal = $1 order by o.number desc limit 1
        """)
    /// The keys whose secret they knew come first, then those that they used most.
    private static let firstKeys = Statement(
        "offboarding_keys_first",
        """
        select k.key, k.facts, w.rotation, w.note, w.done_at is not null, w.source is not null
        from offboarding_key k left join rotation_wish w on w.source = k.offboarding and w.key = k.key
        where k.offboarding = $1
        order by k.facts ->> 'saw' <> '[]' desc, (k.facts ->> 'uses')::bigint desc, k.key limit $2
        """)
    private static let pageOfKeys = Statement(
        "offboarding_keys_page",
        """
        select k.key, k.facts, w.rotation, w.note, w.done_at is not null, w.source is not null
        from offboarding_key k left join rotation_wish w on w.source = k.offboarding and w.key = k.key
        where k.offboarding = $1 and ($2::uuid is null or k.key > $2)
        order by k.key limit $3
        """)

    nonisolated(nonsending) static func insert(
        _ report: OffboardingReport, _ findings: KeyFindings, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            insert, .id(report.id), .id(report.user), .timestamp(report.at), .text(report.by),
            .text(report.reason), .id(report.heir), .text(report.digest), .json(report.steps.bytes))
        let keys = findings.sorted
        _ = try await transaction.query(
            insertKeys, .id(report.id), .idArray(keys.map(\.key)), .jsonArray(keys.map(\.facts.bytes)))
    }

    /// The newest of a user; nil when they never left.
    nonisolated(nonsending) static func latest(
        of user: UserID, in source: any Queryable
    ) async throws -> OffboardingReport? {
        guard let row = try await source.query(latest, .id(user)).first else { return nil }
        var report = OffboardingReport(
            id: row.id(0), user: row.id(1), at: row.timestamp(2), by: row.optionalText(3),
            reason: row.text(4), heir: row.optionalID(5), digest: row.text(6),
            steps: try JSONValue.parse(row.json(7)))
        report.counts = (row.int64(8), row.int64(9), row.int64(10))
        report.isInForce = row.bool(11)
        report.keys = try await source.query(
            firstKeys, .id(report.id), .int(OffboardingReport.keysAtMost)
        ).map { try KeyLine($0) }
        return report
    }

    nonisolated(nonsending) static func keys(
        of id: OffboardingID, after key: ExchangeKeyID?, limit: Int, in source: any Queryable
    ) async throws -> [KeyLine] {
        try await source.query(pageOfKeys, .id(id), .id(key), .int(limit + 1)).map { try KeyLine($0) }
    }
}

/// One key of a report, with what became of its rotation.
struct KeyLine: Sendable {
    let key: ExchangeKeyID
    let facts: JSONValue
    var rotation: RotationID?
    var note: String?
    /// Nil: none is needed.
    var isSettled: Bool?

    init(_ row: Row) throws {
        (key, facts) = (row.id(0), try JSONValue.parse(row.json(1)))
        (rotation, note) = (row.optionalID(2), row.optionalText(3))
        isSettled = row.bool(5) ? row.bool(4) : nil
    }

    /// Of a report that was only tried.
    init(_ finding: KeyFinding) {
        (key, facts) = (finding.key, finding.facts)
        isSettled = finding.saw.isEmpty ? nil : false
    }

    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("key_id", key.description)
            for member in facts.asObject?.members ?? [] { w.field(member.name, member.value) }
            guard let isSettled else { return w.null("rotation") }
            w.object("rotation") { w in
                w.field("state", isSettled ? (rotation == nil ? "not_needed" : "opened") : "waiting")
                w.field("rotation_id", rotation?.description)
                w.field("note", note)
            }
        }
    }
}
