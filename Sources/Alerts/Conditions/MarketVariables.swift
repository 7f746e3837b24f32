import Events
import Expressions

/// What rules over the market read beside `event`: the maps of `market.closed`, and `token`.
enum MarketVariables {
    /// Under which names the event has what `token` tells.
    private static let ofToken = [
        "id": "token_id", "symbol": "symbol", "source": "source", "interval": "interval",
    ]

    static let types: [String: ExpressionType] = {
        var types = EventType.marketFields.mapValues { fields in
            Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.type) })
        }
        types["token"] = ofToken.mapValues { _ in .string }
        return Dictionary(
            uniqueKeysWithValues: types.map { ($0, .object(ObjectType(name: $0, fields: $1))) })
    }()

    /// A variable's value out of an event.
    static func value(_ name: String, of event: any FieldSource) -> FieldValue {
        if name == "token" { return .value(.object(Token(event: event))) }
        return EventType.marketFields[name] == nil ? .absent : event.field(name)
    }

    /// `token.symbol == 'BTC'` says of `event.symbol` what it must be.
    static func equality(_ equality: ConstantEquality) -> ConstantEquality? {
        guard equality.variable == "token", let field = ofToken[equality.field] else { return nil }
        return ConstantEquality(variable: "event", field: field, values: equality.values)
    }

    private struct Token: FieldSource {
        let event: any FieldSource

        func field(_ name: String) -> FieldValue {
            MarketVariables.ofToken[name].map { event.field($0) } ?? .absent
        }

        var fieldNames: [String] { MarketVariables.ofToken.keys.sorted() }
    }
}
