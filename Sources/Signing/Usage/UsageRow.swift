import Access
import Events
import JSON
import Kernel
import Postgres

/// A use as the database answers it.
struct UsageRow {
    static let columns = """
        id, at, actor, access_token, address, data, verdict, outcome, http_status, code,
        microseconds, answered_at, client_id, subject
        """
    static let find = Statement(
        "usage_find",
        derived: ["select", columns, "from usage_event where id = $1 limit 1"].joined(separator: " "))

    let id: UsageID
    let at: Timestamp
    private let row: Row

    init(_ row: Row) { (self.row, id, at) = (row, row.id(0), row.timestamp(1)) }

    nonisolated(nonsending) static func find(
        _ id: UsageID, in source: any Queryable
    ) async throws -> UsageRow? {
        try await source.query(find, .id(id)).first.map { UsageRow($0) }
    }

    /// What the event says, in the order of `UsageEvent` of openapi.yaml.
    private static let facts = [
        "key_id", "label", "exchange", "account", "environment", "way", "operation", "host", "method", "path",
        "orders", "symbol", "side", "order_type", "quantity", "price", "reduce_only", "notional_usd",
        "client_order_id", "policy_version",
    ]

    /// What was used.
    var key: String { row.text(13) }

    /// `UsageEvent` of openapi.yaml. Why something was denied is for those who may read the key's policies.
    func write(to w: inout JSONWriter, for sight: UsageSight) {
        let data = (try? JSONValue.parse(row.json(5)))?.asObject ?? JSONObject()
        let isTold = sight.seesPolicies(of: self)
        w.object { w in
            w.field("id", id.description)
            w.field("at", at.description)
            w.field("actor", row.optionalText(2))
            w.field("access_token_id", row.optionalText(3))
            w.field("address", row.optionalText(4))
            for name in Self.facts { w.field(name, data[name] ?? .null) }
            for list in OrderList.all { w.field(list.name, list.value(in: data)) }
            w.field("verdict", row.text(6))
            for name in ["clause", "reason", "would_deny"] {
                w.field(name, isTold ? data[name] ?? .null : .null)
            }
            w.field("outcome", row.text(7))
            w.field("http_status", row.optionalInt(8))
            w.field("code", row.optionalText(9))
            w.field("milliseconds", row.optionalInt64(10).map { Double($0) / 1_000 })
            w.field("answered_at", row.optionalTimestamp(11)?.description)
            w.field("client_id", row.optionalText(12))
        }
    }
}
