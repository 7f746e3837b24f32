package import JSON
package import Kernel

/// https://www.bitget.com/api-doc/spot/market/Get-Tickers, …/contract/market/Get-Ticker
extension Bitget {
    package func ticker(of instrument: Instrument) -> RequestDraft? {
        let symbol = RequestDraft.Field("symbol", instrument.symbol)
        let product: String
        switch instrument.kind {
        case .spot: return .list("main", "/api/v2/spot/market/tickers", [symbol])
        case .linear: product = "\(instrument.settle)-FUTURES"
        case .inverse: product = "COIN-FUTURES"
        case .margin, .option: return nil
        }
        return .list("main", "/api/v2/mix/market/ticker", [symbol, .init("productType", product)])
    }

    package func price(in answer: JSONValue, of instrument: Instrument) -> Decimal? {
        answer["data"]?.lastPrice("lastPr", of: instrument.symbol, named: "symbol")
    }
}
