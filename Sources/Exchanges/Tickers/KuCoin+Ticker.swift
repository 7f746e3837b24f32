package import JSON
package import Kernel

/// https://www.kucoin.com/docs-new/rest/spot-trading/market-data/get-ticker,
/// …/rest/futures-trading/market-data/get-ticker
extension KuCoin {
    package func ticker(of instrument: Instrument) -> RequestDraft? {
        let symbol = [RequestDraft.Field("symbol", instrument.symbol)]
        switch (instrument.host, instrument.kind) {
        case ("spot", .spot): return .list("spot", "/api/v1/market/orderbook/level1", symbol)
        case ("futures", .linear), ("futures", .inverse): return .list("futures", "/api/v1/ticker", symbol)
        default: return nil
        }
    }

    /// Spot's answer does not say what it is about.
    package func price(in answer: JSONValue, of instrument: Instrument) -> Decimal? {
        guard let data = answer["data"] else { return nil }
        if let symbol = data.words("symbol"), symbol != instrument.symbol { return nil }
        return InstrumentRow(data).amount("price")
    }
}
