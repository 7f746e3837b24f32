import Kernel
import Postgres

/// Lanes and their entries as rows.
struct LaneStore {
    private static let lanes = Statement(
        "audit_lanes", "select lane, first, sequence, hash from audit_lane order by lane")
    private static let entries = Statement(
        "audit_entries",
        """
        select lane, sequence, at, previous, checkpoint, hash, body from audit_record
        where lane = $1 and sequence between $2 and $3 order by sequence limit $4
        """)
    /// With what the columns say, item by item.
    private static let columns = Statement(
        "audit_columns",
        """
        select r.lane, r.sequence, r.at, r.previous, r.checkpoint, r.hash, r.body, c.items, c.actors,
            c.actions,
            c.resources, c.outcomes
        from audit_record r, lateral (
            select coalesce(array_agg(i.item::int8 order by i.item), '{}') as items,
                coalesce(array_agg(i.actor order by i.item), '{}') as actors,
                coalesce(array_agg(i.action order by i.item), '{}') as actions,
                coalesce(array_agg(i.resource order by i.item), '{}') as resources,
                coalesce(array_agg(i.outcome order by i.item), '{}') as outcomes
            from audit_line i where i.lane = r.lane and i.sequence = r.sequence and i.at = r.at) as c
        where r.lane = $1 and r.sequence between $2 and $3 order by r.sequence limit $4
        """)
    /// Where a time begins and ends in each lane.
    private static let bounds = Statement(
        "audit_bounds",
        """
        select lane, min(sequence), max(sequence) from audit_record
        where at >= coalesce($1::timestamptz, '-infinity') and at < coalesce($2::timestamptz, 'infinity')
        group by lane
        """)

    private let database: Database

    init(_ database: Database) { self.database = database }

    nonisolated(nonsending) func spans() async throws -> [Checkpoint.Span] {
        try await database.query(Self.lanes).map(Self.span)
    }

    nonisolated(nonsending) func bounds(
        from: Timestamp?, to: Timestamp?
    ) async throws -> [Int: ClosedRange<Int64>] {
        let rows = try await database.report(Self.bounds, .timestamp(from), .timestamp(to))
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.int(0), $0.int64(1)...$0.int64(2)) })
    }

    nonisolated(nonsending) func page(
        _ lane: Int, _ sequences: ClosedRange<Int64>, limit: Int
    ) async throws -> [ChainEntry] {
        try await rows(Self.entries, lane, sequences, limit).map(Self.entry)
    }

    /// With the columns beside each entry.
    nonisolated(nonsending) func pageWithColumns(
        _ lane: Int, _ sequences: ClosedRange<Int64>, limit: Int
    ) async throws -> [(entry: ChainEntry, columns: AuditColumns)] {
        try await rows(Self.columns, lane, sequences, limit).map { row in
            (Self.entry(row), AuditColumns(row, from: 7))
        }
    }

    private nonisolated(nonsending) func rows(
        _ statement: Statement, _ lane: Int, _ sequences: ClosedRange<Int64>, _ limit: Int
    ) async throws -> Rows {
        try await database.query(
            statement, .int16(Int16(lane)), .int64(sequences.lowerBound), .int64(sequences.upperBound),
            .int(limit))
    }

    /// Columns: lane, first, sequence, hash.
    static func span(_ row: Row) -> Checkpoint.Span {
        let (first, last) = (row.int64(1), row.int64(2))
        return Checkpoint.Span(
            lane: row.int(0), first: first <= last ? first : nil, last: last > 0 ? last : nil,
            hash: last > 0 ? Digest(row.bytes(3)) : nil)
    }

    /// A hash of another length was written by somebody else: zeros, which are nobody's hash.
    private static func entry(_ row: Row) -> ChainEntry {
        ChainEntry(
            lane: row.int(0), sequence: row.int64(1), at: row.timestamp(2),
            previous: Digest(row.bytes(3)) ?? .zero,
            checkpoint: row.optionalBytes(4).map { Digest($0) ?? .zero }, hash: Digest(row.bytes(5)) ?? .zero,
            body: row.bytes(6))
    }
}
