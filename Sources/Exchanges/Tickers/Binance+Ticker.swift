package import JSON
package import Kernel

/// …/rest-api/market-data-endpoints#symbol-price-ticker; the futures' ones are named alike. COIN-M answers
/// with a list of one.
extension Binance {
    package func ticker(of instrument: Instrument) -> RequestDraft? {
        let path: String? =
            switch (instrument.host, instrument.kind) {
            case ("spot", .spot): "/api/v3/ticker/price"
            case ("usdm", .linear): "/fapi/v1/ticker/price"
            case ("coinm", .inverse): "/dapi/v1/ticker/price"
            default: nil
            }
        return path.map { .list(instrument.host, $0, [.init("symbol", instrument.symbol)]) }
    }

    package func price(in answer: JSONValue, of instrument: Instrument) -> Decimal? {
        answer.lastPrice("price", of: instrument.symbol, named: "symbol")
    }
}
