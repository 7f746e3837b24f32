import Access
import Events
import Exchanges
import JSON
import Kernel
import Postgres

/// Uses as rows.
enum UsageStore {
    private static let insert = Statement(
        "usage_insert",
        """
        insert into usage_event (era, id, at, type, subject, actor, access_token, address, data, lane,
            sequence, item, action, verdict, operation, symbol, outcome, request, symbols)
        select installation.era, u.id, $2, u.type, u.subject, u.actor, u.access_token, u.address,
            u.data::json, $3, $4, u.item - 1, u.action, u.verdict, u.operation, u.symbol, u.outcome,
            u.request, u.symbols::text[]
        from installation, unnest($1::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
            $16::text[], $17::text[]) with ordinality
            as u (id, type, subject, actor, access_token, address, data, action, verdict, operation, symbol,
                outcome, request, symbols, item)
        """)

    /// Lines of one entry of the trail, in its order.
    static func insert(
        _ records: [UsageRecord], _ texts: [UsageTexts], at place: (lane: Int, sequence: Int64),
        now: Timestamp, in transaction: Transaction
    ) -> Query {
        transaction.send(
            insert,
            [
                .idArray(records.map(\.id)), .timestamp(now), .int16(Int16(place.lane)),
                .int64(place.sequence), .textArray(records.map(\.type.name)),
                .textArray(records.map(\.subject)),
                .optionalTextArray(texts.map(\.actor.principal)),
                .optionalTextArray(texts.map(\.actor.accessToken)),
                .optionalTextArray(texts.map(\.actor.address)),
                .utf8Array(texts.map(\.data)),
                .textArray(records.map(\.action)),
                .textArray(records.map { $0.isAllowed ? "allowed" : "denied" }),
                .textArray(records.map(\.read.meaning.operation.rawValue)),
                .optionalTextArray(records.map { $0.order?.symbol }),
                .textArray(records.map(\.outcome.rawValue)),
                .optionalTextArray(texts.map(\.request)), symbols(of: records),
            ])
    }

    /// Batches with more than one are rare: without any, no row has a word about it.
    private static func symbols(of records: [UsageRecord]) -> Parameter {
        let columns = records.map { $0.batch?.column }
        return columns.contains { $0 != nil } ? .optionalTextArray(columns) : .textArray(nil)
    }
}
