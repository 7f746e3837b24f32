import JSON
import Kernel
import Postgres

/// Lines of the trail as people read them, found by their columns and told from the entry's bytes.
struct RecordStore {
    /// What a list is narrowed to.
    struct Filter {
        var actor: String?
        /// An action, or all of an area: `keys.*`.
        var action: String?
        var resource: String?
        var outcome: String?
        var lane: Int?
        var from: Timestamp?
        var to: Timestamp?

        /// `keys.` of `keys.*`.
        var area: String? { action?.hasSuffix(".*") == true ? action.map { String($0.dropLast()) } : nil }
    }

    /// The place of a line in the list: newest first.
    struct Position {
        let at: Timestamp
        let lane: Int
        let sequence: Int64
        let item: Int
    }

    struct Record {
        let position: Position
        let hash: Digest
        /// What the bytes say of it; null when they have no such item.
        let content: JSONValue
    }

    private static let list = Statement(
        "audit_list",
        """
        select i.at, i.lane, i.sequence, i.item, r.hash, r.body
        from audit_line i join audit_record r on r.lane = i.lane and r.sequence = i.sequence and r.at = i.at
        where ($1::text is null or i.actor = $1::text) and ($2::text is null or i.action = $2::text)
            and ($3::text is null or starts_with(i.action, $3::text))
            and ($4::text is null or i.resource = $4::text) and ($5::text is null or i.outcome = $5::text)
            and ($6::int8 is null or i.lane = $6::int8)
            and i.at >= coalesce($7::timestamptz, '-infinity') and i.at < coalesce($8::timestamptz,
            'infinity')
            and ($9::timestamptz is null or (i.at, i.lane, i.sequence, i.item) < ($9, $10::int2, $11::int8,
            $12::int4))
        order by i.at desc, i.lane desc, i.sequence desc, i.item desc limit $13
        """)

    private let database: Database

    init(_ database: Database) { self.database = database }

    nonisolated(nonsending) func list(
        _ filter: Filter, after last: Position?, limit: Int
    ) async throws -> [Record] {
        let area = filter.area
        let rows = try await database.report(
            Self.list, .text(filter.actor), .text(area == nil ? filter.action : nil), .text(area),
            .text(filter.resource), .text(filter.outcome), .int(filter.lane), .timestamp(filter.from),
            .timestamp(filter.to), .timestamp(last?.at), .int16(last.map { Int16($0.lane) }),
            .int64(last?.sequence), .int32(last.map { Int32($0.item) }), .int(limit))
        return rows.map(Self.record)
    }

    private static func record(_ row: Row) -> Record {
        let position = Position(
            at: row.timestamp(0), lane: row.int(1), sequence: row.int64(2), item: row.int(3))
        let body = try? JSONValue.parse(row.bytes(5), limits: AuditTrail.bodyLimits)
        return Record(
            position: position, hash: Digest(row.bytes(4)) ?? .zero,
            content: body?["items"]?[position.item] ?? .null)
    }
}

extension RecordStore.Record: JSONWritable {
    /// As openapi.yaml's AuditRecord.
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("lane", position.lane)
            w.field("sequence", position.sequence)
            w.field("item", position.item)
            w.field("at", position.at.description)
            for name in ["actor", "action", "resource", "outcome", "detail", "request_id"] {
                w.field(name, content[name] ?? .null)
            }
            w.field("hash", hash)
        }
    }
}
