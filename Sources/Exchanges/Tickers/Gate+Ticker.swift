package import JSON
package import Kernel

/// https://www.gate.com/docs/developers/apiv4, tickers of spot and of futures
extension Gate {
    package func ticker(of instrument: Instrument) -> RequestDraft? {
        switch instrument.kind {
        case .spot:
            return .list("main", "/api/v4/spot/tickers", [.init("currency_pair", instrument.symbol)])
        case .linear, .inverse:
            return .list(
                "main", "/api/v4/futures/\(instrument.settle.lowercased())/tickers",
                [.init("contract", instrument.symbol)])
        case .margin, .option: return nil
        }
    }

    package func price(in answer: JSONValue, of instrument: Instrument) -> Decimal? {
        let name = instrument.kind == .spot ? "currency_pair" : "contract"
        return answer.lastPrice("last", of: instrument.symbol, named: name)
    }
}
