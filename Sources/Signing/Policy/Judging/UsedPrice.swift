package import JSON
import Access
import Kernel

/// A price that clauses asked for, as verdicts tell it and records keep it.
package struct UsedPrice: Sendable, Equatable {
    /// The symbol of an order, or `EURUSD` for the currency EUR.
    package let name: String
    package let price: PolicyPrice
    let ageSeconds: Int
}

extension UsedPrice: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("of", name)
            w.field("price", price.value.description)
            w.field("source", price.source)
            w.field("kind", price.pushed == nil ? "pulled" : "pushed")
            w.field("price_source_id", price.pushed?.description)
            w.field("at", price.at.description)
            w.field("age_seconds", ageSeconds)
        }
    }
}

extension PolicyPrice {
    /// From a record.
    init?(_ json: JSONValue) {
        guard let value = json["price"]?.asString.flatMap({ Decimal($0) }),
            let at = json["at"]?.asString.flatMap({ Timestamp($0) }), let source = json["source"]?.asString
        else { return nil }
        let pushed = json["price_source_id"]?.asString.flatMap { PriceSourceID($0) }
        self.init(value, at: at, source: source, pushed: pushed)
    }
}
