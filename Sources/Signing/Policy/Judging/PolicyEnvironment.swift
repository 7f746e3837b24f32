import Access
import Exchanges
import Expressions
import Kernel
import Keys

extension Expressions.Environment {
    /// The variables of a condition. Where it binds opening orders only, there is always an order; elsewhere
    /// only trades have one and only withdrawals a destination, so that a condition must ask first.
    static func policy(_ scope: ClauseScope) -> Expressions.Environment {
        scope == .opening ? opening : all
    }

    private static let opening = environment(
        ObjectType(
            name: "request", tagField: "operation",
            variants: [ObjectType.Variant(tag: "trade", fields: request.merging(ofTrades) { $1 })],
            unknownTag: "this is asked of trades only, unless it says \"applies_to\": \"all\"",
            knownTags: ["trade"]))

    private static let all = environment(
        ObjectType(
            name: "request", tagField: "operation",
            variants: RequestOperation.allCases.map { operation in
                let own = operation == .trade ? ofTrades : operation == .withdraw ? ofWithdrawals : [:]
                return ObjectType.Variant(tag: operation.rawValue, fields: request.merging(own) { $1 })
            },
            unknownTag: "there is no such operation", knownTags: RequestOperation.allCases.map(\.rawValue)))

    private static func environment(_ request: ObjectType) -> Expressions.Environment {
        Expressions.Environment([
            "request": .object(request), "key": .object(key), "caller": .object(caller), "now": .timestamp,
        ])
    }

    private static let request: [String: ExpressionType] = [
        "operation": .string, "way": .string, "host": .string, "method": .string, "path": .string,
    ]
    private static let ofTrades: [String: ExpressionType] = [
        "order": .object(order), "orders": .list(.object(order)),
    ]
    private static let ofWithdrawals: [String: ExpressionType] = ["withdrawal": .object(withdrawal)]

    private static let order = ObjectType(
        name: "order",
        fields: [
            "symbol": .nullable(.string), "side": .nullable(.string), "type": .string, "instrument": .string,
            "time_in_force": .nullable(.string), "quantity": .nullable(.decimal), "unit": .string,
            "price": .nullable(.decimal), "stop_price": .nullable(.decimal),
            "notional_usd": .nullable(.decimal), "reduce_only": .bool, "closes_position": .bool,
            "leverage": .nullable(.decimal), "margin_mode": .nullable(.string),
            "position_side": .nullable(.string), "replaces": .bool, "client_order_id": .nullable(.string),
        ])
    private static let withdrawal = ObjectType(
        name: "withdrawal",
        fields: [
            "asset": .string, "network": .nullable(.string), "address": .string, "tag": .nullable(.string),
            "amount": .nullable(.decimal),
        ])
    private static let key = ObjectType(
        name: "key",
        fields: [
            "id": .string, "label": .string, "exchange": .string, "environment": .string, "account": .string,
            "tags": .list(.string), "status": .string,
        ])
    private static let caller = ObjectType(
        name: "caller",
        fields: ["id": .nullable(.string), "kind": .nullable(.string), "address": .nullable(.ip)])
}

/// The values of a condition's variables, made when they are asked for.
struct PolicyVariables: FieldSource {
    let facts: UseFacts
    /// Nil where a condition is asked of a request that has none.
    let order: OrderIntent?

    let fieldNames = ["request", "key", "caller", "now"]

    func field(_ name: String) -> FieldValue {
        switch name {
        case "request": .value(.object(RequestFields(facts: facts, order: order)))
        case "key": .value(.object(KeyFields(key: facts.key)))
        case "caller": .value(.object(CallerFields(caller: facts.caller)))
        case "now": Instant(facts.at).map { .value(.timestamp($0)) } ?? .unusable("it is beyond all years")
        default: .absent
        }
    }
}

private struct RequestFields: FieldSource {
    let facts: UseFacts
    let order: OrderIntent?

    let fieldNames = [
        "operation", "way", "host", "method", "path", "order", "orders", "withdrawal",
    ]

    func field(_ name: String) -> FieldValue {
        switch name {
        case "operation": .value(.string(facts.meaning.operation.rawValue))
        case "way": .value(.string(facts.way.rawValue))
        case "host": .value(.string(facts.host))
        case "method": .value(.string(facts.method))
        case "path": .value(.string(facts.path))
        case "order": order.map { .value(.object(OrderFields(facts: facts, order: $0))) } ?? .absent
        case "orders": orders
        case "withdrawal":
            facts.meaning.withdrawal.map { .value(.object(WithdrawalFields(intent: $0))) } ?? .absent
        default: .absent
        }
    }

    private var orders: FieldValue {
        guard facts.meaning.operation == .trade else { return .absent }
        return .value(.list(facts.meaning.orders.map { .object(OrderFields(facts: facts, order: $0)) }))
    }
}

private struct OrderFields: FieldSource {
    let facts: UseFacts
    let order: OrderIntent

    let fieldNames = [
        "symbol", "side", "type", "instrument", "time_in_force", "quantity", "unit", "price", "stop_price",
        "notional_usd", "reduce_only", "closes_position", "leverage", "margin_mode", "position_side",
        "replaces", "client_order_id",
    ]

    func field(_ name: String) -> FieldValue {
        switch name {
        case "symbol": .value(.text(order.symbol))
        case "side": .value(.text(order.side?.rawValue))
        case "type": .value(.string(order.kind.rawValue))
        case "instrument": .value(.string(order.instrument.rawValue))
        case "time_in_force": .value(.text(order.timeInForce?.rawValue))
        case "unit": .value(.string(order.unit.rawValue))
        case "margin_mode": .value(.text(order.marginMode))
        case "position_side": .value(.text(order.positionSide))
        case "client_order_id": .value(.text(order.clientOrderID))
        case "reduce_only": .value(.bool(order.isExit))
        case "closes_position": .value(.bool(order.closesPosition))
        case "replaces": .value(.bool(order.replaces))
        default: number(name)
        }
    }

    private func number(_ name: String) -> FieldValue {
        switch name {
        case "quantity": .value(.number(order.quantity))
        case "price": .value(.number(order.price))
        case "stop_price": .value(.number(order.stopPrice))
        case "leverage": .value(.number(order.leverage))
        case "notional_usd": .value(.number(try? OrderValue(order, facts).notional().amount))
        default: .absent
        }
    }
}

private struct WithdrawalFields: FieldSource {
    let intent: WithdrawalIntent

    let fieldNames = ["asset", "network", "address", "tag", "amount"]

    func field(_ name: String) -> FieldValue {
        switch name {
        case "asset": .value(.string(intent.asset))
        case "network": .value(.text(intent.network))
        case "address": .value(.string(intent.address))
        case "tag": .value(.text(intent.tag))
        case "amount": .value(.number(intent.amount))
        default: .absent
        }
    }
}

private struct KeyFields: FieldSource {
    let key: KeyFacts

    let fieldNames = ["id", "label", "exchange", "environment", "account", "tags", "status"]

    func field(_ name: String) -> FieldValue {
        switch name {
        case "id": .value(.string(key.id.description))
        case "label": .value(.string(key.label))
        case "exchange": .value(.string(key.exchange.rawValue))
        case "environment": .value(.string(key.environment.rawValue))
        case "account": .value(.string(key.account))
        case "tags": .value(.list(key.tags.map { .string($0) }))
        case "status": .value(.string(key.status.rawValue))
        default: .absent
        }
    }
}

private struct CallerFields: FieldSource {
    let caller: Actor

    let fieldNames = ["id", "kind", "address"]

    func field(_ name: String) -> FieldValue {
        switch name {
        case "id": .value(.text(caller.principal?.description))
        case "kind": .value(.text(caller.principal?.kind.rawValue))
        case "address": .value(caller.address.map { .ip($0) } ?? .null)
        default: .absent
        }
    }
}

extension Value {
    fileprivate static func text(_ text: String?) -> Value { text.map { .string($0) } ?? .null }
    fileprivate static func number(_ number: Decimal?) -> Value { number.map { .decimal($0) } ?? .null }
}
