package import JSON
package import Kernel

/// https://bybit-exchange.github.io/docs/v5/market/tickers
extension Bybit {
    package func ticker(of instrument: Instrument) -> RequestDraft? {
        guard [.spot, .linear, .inverse].contains(instrument.kind) else { return nil }
        return .list(
            "main", "/v5/market/tickers",
            [.init("category", instrument.kind.rawValue), .init("symbol", instrument.symbol)])
    }

    package func price(in answer: JSONValue, of instrument: Instrument) -> Decimal? {
        guard let result = answer["result"], result.words("category") == instrument.kind.rawValue else {
            return nil
        }
        return result["list"]?.lastPrice("lastPrice", of: instrument.symbol, named: "symbol")
    }
}
