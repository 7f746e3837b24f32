import JSON
import Access
import Exchanges
import Kernel
import Postgres

/// A mode of a whole selection that outlives the call: a key that is registered later obeys it too.
struct StandingOrder: Sendable {
    let id: ModeOrderID
    let selector: KeySelector
    let mode: KeyMode
    let reason: String
    let orderedBy: String
    let orderedAt: Timestamp
}

/// Standing orders as rows.
enum StandingOrders {
    /// Each is matched against every key that is registered or changed.
    static let limit = 200

    /// Held exclusively while orders change, shared while a key is fitted to them, so that neither overlooks
    /// the other.
    private static let advisoryLock: Int64 = 0x6B62_6F72_6465  // "kborde"

    private static let lockExclusively = Statement("mode_orders_lock", "select pg_advisory_xact_lock($1)")
    private static let lockShared = Statement("mode_orders_share", "select pg_advisory_xact_lock_shared($1)")
    private static let all = Statement(
        "mode_orders",
        "select id, selector, mode, reason, ordered_by, ordered_at from mode_order order by ordered_at, id")
    private static let put = Statement(
        "mode_order_put",
        """
        insert into mode_order (id, selector, mode, reason, ordered_by, ordered_at)
        values ($1, normalize($2::text)::jsonb, $3, $4, $5, $6)
        on conflict on constraint mode_order_selector do update set mode = excluded.mode,
            reason = excluded.reason, ordered_by = excluded.ordered_by, ordered_at = excluded.ordered_at
        """)
    private static let remove = Statement(
        "mode_order_remove",
        "delete from mode_order where selector = normalize($1::text)::jsonb returning id")

    nonisolated(nonsending) static func lock(in transaction: Transaction) async throws {
        _ = try await transaction.query(lockExclusively, .int64(advisoryLock))
    }

    nonisolated(nonsending) static func read(in source: any Queryable) async throws -> [StandingOrder] {
        try await source.query(all).map { try StandingOrder($0) }
    }

    /// As of a moment that no change of orders can overtake before the commit.
    nonisolated(nonsending) static func held(in transaction: Transaction) async throws -> [StandingOrder] {
        _ = try await transaction.query(lockShared, .int64(advisoryLock))
        return try await read(in: transaction)
    }

    nonisolated(nonsending) static func put(
        _ order: StandingOrder, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            put, .id(order.id), .text(order.selector.storedText), .text(order.mode.rawValue),
            .text(order.reason), .text(order.orderedBy), .timestamp(order.orderedAt))
    }

    /// Whether there was one.
    nonisolated(nonsending) static func remove(
        _ selector: KeySelector, in transaction: Transaction
    ) async throws -> Bool {
        try await !transaction.query(remove, .text(selector.storedText)).isEmpty
    }
}

extension KeySelector {
    /// Put into NFC by the database, as names are: one selection is one row, however its letters are
    /// composed.
    fileprivate var storedText: String { String(decoding: json.bytes, as: UTF8.self) }
}

extension StandingOrder {
    fileprivate init(_ row: Row) throws {
        guard let mode = KeyMode(rawValue: row.text(2)) else {
            preconditionFailure("the constraint of mode_order holds")
        }
        self.init(
            id: row.id(0), selector: try KeySelector(stored: row.json(1)), mode: mode, reason: row.text(3),
            orderedBy: row.text(4), orderedAt: row.timestamp(5))
    }
}

extension [StandingOrder] {
    /// The strictest over a key; of two that are alike the older.
    func strictest(over key: ExchangeKey) -> StandingOrder? {
        filter { $0.selector.matches(key) }.reduce(nil) { found, next in
            guard let found else { return next }
            return next.mode > found.mode ? next : found
        }
    }
}
