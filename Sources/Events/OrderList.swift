package import JSON

/// A list over all orders of a use. Most uses have one order, whose own field says it: they are written
/// without the list.
package struct OrderList: Sendable {
    package let name: String
    /// The same of the first order.
    private let first: String

    package static let all = [
        OrderList(name: "symbols", first: "symbol"), OrderList(name: "sides", first: "side"),
    ]

    /// As it is in the data of a use, or would be; empty where no order says it.
    package func value(in data: JSONObject) -> JSONValue {
        if let told = data[name], told != .null { return told }
        guard let only = data[first], only != .null else { return .array([]) }
        return .array([only])
    }
}
