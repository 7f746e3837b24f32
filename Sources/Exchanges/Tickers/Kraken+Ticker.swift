package import JSON
package import Kernel

/// https://docs.kraken.com/api/docs/rest-api/get-ticker-information
extension Kraken {
    package func ticker(of instrument: Instrument) -> RequestDraft? {
        guard instrument.kind == .spot else { return nil }
        return .list("spot", "/0/public/Ticker", [.init("pair", instrument.symbol)])
    }

    /// `c` is the last trade: price and lot. A pair has several names, and the answer may choose another one
    /// than the question: it is about the only pair that was asked for.
    package func price(in answer: JSONValue, of instrument: Instrument) -> Decimal? {
        guard let pairs = answer["result"]?.asObject?.members, pairs.count == 1,
            let price = pairs[0].value["c"]?[0]?.asString
        else { return nil }
        return InstrumentRow(["price": .string(price)]).amount("price")
    }
}
