package import JSON
package import Kernel

/// …/advanced-trade-apis/rest-api, public product. Answers may be a second old.
extension Coinbase {
    package func ticker(of instrument: Instrument) -> RequestDraft? {
        guard [.spot, .linear].contains(instrument.kind) else { return nil }
        return .list("main", "/api/v3/brokerage/market/products/\(PercentEncoding.encode(instrument.symbol))")
    }

    package func price(in answer: JSONValue, of instrument: Instrument) -> Decimal? {
        answer.lastPrice("price", of: instrument.symbol, named: "product_id")
    }
}
