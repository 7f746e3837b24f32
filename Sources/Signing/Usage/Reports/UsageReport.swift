import Access
import Crypto
import Exchanges
import Identity
import JSON
import Kernel
import Keys

/// One use of a key as whoever holds the key tells it: a line of an upload.
struct UsageReport: Sendable {
    /// As the key is named: by its id, or by where it is registered.
    enum KeyReference: Hashable, Sendable {
        case id(ExchangeKeyID)
        case label(ExchangeName, account: String, label: String)
    }

    /// What became of it, as far as the reporter knows.
    enum Outcome: String, CaseIterable, Sendable {
        case reported, accepted, refused, unknown
        case unsent = "not_sent"
    }

    /// What is told of the order, if it was one.
    struct Order: Sendable {
        let symbol: String?
        let side: OrderIntent.Side?
        let kind: OrderIntent.Kind?
        let quantity: Decimal?
        let price: Decimal?
        let isReduceOnly: Bool
        let notional: Decimal?
        let clientOrderID: String?

        var isNone: Bool { symbol == nil && side == nil && kind == nil && quantity == nil && price == nil }
    }

    /// A desk's backlog, not its history.
    static let oldest: Period = .days(366)
    /// How far the clock of a bot may be ahead.
    static let futureAtMost: Period = .seconds(60)

    let clientID: String
    let at: Timestamp
    let key: KeyReference
    let operation: RequestOperation
    let order: Order
    let address: IPAddress?
    let outcome: Outcome
    let status: Int?
    let code: String?
    let microseconds: Int64?
}

// MARK: Reading

extension UsageReport {
    init(_ value: JSONValue, now: Timestamp) throws(FieldErrors) {
        var fields = try Fields(value, nulls: .missing)
        clientID = fields.string("client_id", 1...128)
        let time = fields.parsed("at", expected: "an RFC 3339 time") { Timestamp($0) }
        at = time ?? now
        if at > now + Self.futureAtMost {
            fields.fail("at", code: "in_the_future", "must not be in the future")
        } else if at < now - Self.oldest {
            fields.fail("at", code: "too_old", "must be of the last 366 days")
        }
        key = Self.key(&fields)
        operation = fields.choice("operation", RequestOperation.self)
        order = Order(&fields)
        address = fields.parsed(optional: "address", expected: "an IP address") { IPAddress($0) }
        outcome = fields.choice("outcome", Outcome.self, default: .reported)
        status = fields.int(optional: "http_status", 100...599)
        code = fields.string(optional: "code", 1...100)
        microseconds = fields.double(optional: "milliseconds", 0...3_600_000).map { Int64($0 * 1_000) }
        let texts = [
            ("client_id", clientID), ("code", code), ("symbol", order.symbol),
            ("client_order_id", order.clientOrderID),
        ]
        for (name, text) in texts where text.map({ AccessTokenSecret.stands(in: $0.utf8) }) == true {
            fields.fail(name, code: StrayToken.code, StrayToken.message)
        }
        try fields.finish()
    }

    private static func key(_ fields: inout Fields) -> KeyReference {
        let id = fields.parsed(optional: "key_id", expected: "the id of a key") { ExchangeKeyID($0) }
        guard !fields.has("key_id") else {
            for name in ["exchange", "account", "label"] where fields.has(name) {
                fields.fail(name, code: FieldCode.malformed, "must not stand beside key_id")
            }
            return .id(id ?? ExchangeKeyID(UUID(high: 0, low: 0)))
        }
        return .label(
            fields.choice("exchange", ExchangeName.self), account: fields.string("account", 1...100),
            label: fields.string("label", 1...200))
    }
}

extension UsageReport.Order {
    fileprivate init(_ fields: inout Fields) {
        func amount(_ name: String, _ fields: inout Fields) -> Decimal? {
            fields.parsed(optional: name, expected: "a decimal number as text, not negative") { text in
                Decimal(text).flatMap { $0.isNegative ? nil : $0 }
            }
        }
        symbol = fields.string(optional: "symbol", 1...100)
        side = fields.choice(optional: "side", OrderIntent.Side.self)
        kind = fields.choice(optional: "order_type", OrderIntent.Kind.self)
        quantity = amount("quantity", &fields)
        price = amount("price", &fields)
        isReduceOnly = fields.bool(optional: "reduce_only") ?? false
        notional = amount("notional_usd", &fields)
        clientOrderID = fields.string(optional: "client_order_id", 1...100)
    }
}

// MARK: What it becomes

extension UsageReport {
    /// The data of `key.used`, in the order of the table in openapi.yaml.
    func data(_ usage: UsageID, of key: KeyFacts) -> [UInt8] {
        var w = JSONWriter(capacity: 1_024)
        w.object { w in
            key.write(as: key.id.description, to: &w)
            w.field("usage_id", usage.description)
            w.field("way", UsageWay.report.rawValue)
            w.field("operation", operation.rawValue)
            for name in ["host", "method", "path"] { w.field(name, "") }
            w.field("address", address?.description)
            order.write(to: &w)
            w.null("policy_version")
        }
        return w.bytes
    }

    /// Of all that it says: two with one digest say the same.
    func digest(of key: ExchangeKeyID) -> [UInt8] {
        var w = JSONWriter()
        w.array { w in
            w.value(at.description)
            w.value(key.description)
            w.value(operation.rawValue)
            w.value(order.symbol)
            w.value(order.side?.rawValue)
            w.value(order.kind?.rawValue)
            w.value(order.quantity?.description)
            w.value(order.price?.description)
            w.value(order.isReduceOnly)
            w.value(order.notional?.description)
            w.value(order.clientOrderID)
            w.value(address?.description)
            w.value(outcome.rawValue)
            w.value(status)
            w.value(code)
            w.value(microseconds)
        }
        return Array(SHA256.hash(w.bytes).prefix(16))
    }
}

extension UsageReport.Order {
    fileprivate func write(to w: inout JSONWriter) {
        w.field("orders", isNone ? 0 : 1)
        w.field("symbol", symbol)
        w.field("side", side?.rawValue)
        w.field("order_type", kind?.rawValue)
        w.field("quantity", quantity?.description)
        w.field("price", price?.description)
        w.field("reduce_only", isReduceOnly)
        w.field("notional_usd", notional?.description)
        w.field("client_order_id", clientOrderID)
    }
}
