package import JSON
package import Kernel

/// https://www.okx.com/docs-v5/en/#order-book-trading-market-data-get-ticker. Names tell spot and contracts
/// apart.
extension OKX {
    package func ticker(of instrument: Instrument) -> RequestDraft? {
        guard [.spot, .linear, .inverse].contains(instrument.kind) else { return nil }
        return .list("main", "/api/v5/market/ticker", [.init("instId", instrument.symbol)])
    }

    package func price(in answer: JSONValue, of instrument: Instrument) -> Decimal? {
        answer["data"]?.lastPrice("last", of: instrument.symbol, named: "instId")
    }
}
