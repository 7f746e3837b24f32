import Access
import Identity
import Kernel
import Postgres

/// Which keys principals used, for reports about people.
enum UsesOfPrincipals {
    private static let mark = Statement(
        "uses_mark",
        "select era, pg_snapshot_xmin(pg_current_snapshot())::text from installation")
    /// One principal at a time: only then do the summaries of the table's blocks find them.
    private static let all = Statement(
        "uses_of",
        """
        select subject, count(*), max(at) from usage_event
        where actor = $1 and verdict = 'allowed' group by subject
        """)
    private static let before = Statement(
        "uses_before",
        """
        select subject, count(*), max(at) from usage_event
        where actor = $1 and verdict = 'allowed' and not (era = $2 and xid >= $3::text::xid8)
        group by subject
        """)
    private static let since = Statement(
        "uses_since",
        """
        select subject, count(*), max(at) from usage_event
        where era = $2 and xid >= $3::text::xid8 and actor = $1 and verdict = 'allowed' group by subject
        """)

    nonisolated(nonsending) static func mark(in source: any Queryable) async throws -> UseMark {
        guard let row = try await source.query(mark).first else { return UseMark(era: 0, xid: "0") }
        return UseMark(era: Int32(row.int(0)), xid: row.text(1))
    }

    nonisolated(nonsending) static func of(
        _ principals: [PrincipalID], _ side: UseMark.Side, in source: any Queryable
    ) async throws -> [KeyUses] {
        var uses: [KeyUses] = []
        for principal in principals {
            let name = Parameter.text(principal.description)
            let rows =
                switch side {
                case .all: try await source.query(all, name)
                case .before(let mark):
                    try await source.query(before, name, .int32(mark.era), .text(mark.xid))
                case .since(let mark):
                    try await source.query(since, name, .int32(mark.era), .text(mark.xid))
                }
            uses += rows.compactMap { row in
                ExchangeKeyID(row.text(0)).map {
                    KeyUses(key: $0, count: row.int64(1), lastAt: row.timestamp(2))
                }
            }
        }
        return uses
    }
}
