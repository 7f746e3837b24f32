package import JSON
package import Kernel

/// https://www.mexc.com/api-docs/spot-v3/market-data-endpoints#symbol-price-ticker,
/// …/api-docs/futures/market-endpoints
extension MEXC {
    package func ticker(of instrument: Instrument) -> RequestDraft? {
        let symbol = [RequestDraft.Field("symbol", instrument.symbol)]
        switch (instrument.host, instrument.kind) {
        case ("spot", .spot): return .list("spot", "/api/v3/ticker/price", symbol)
        case ("futures", .linear), ("futures", .inverse):
            return .list("futures", "/api/v1/contract/ticker", symbol)
        default: return nil
        }
    }

    package func price(in answer: JSONValue, of instrument: Instrument) -> Decimal? {
        instrument.host == "futures"
            ? answer["data"]?.lastPrice("lastPrice", of: instrument.symbol, named: "symbol")
            : answer.lastPrice("price", of: instrument.symbol, named: "symbol")
    }
}
