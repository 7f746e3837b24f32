package import JSON

/// …/binance-spot-api-docs/rest-api/general-endpoints, …/derivatives/usds-margined-futures/market-data,
/// …/derivatives/coin-margined-futures/market-data
extension Binance {
    package var instrumentLists: [RequestDraft] {
        [
            .list("spot", "/api/v3/exchangeInfo"), .list("usdm", "/fapi/v1/exchangeInfo"),
            .list("coinm", "/dapi/v1/exchangeInfo"),
        ]
    }

    package func instruments(in answer: JSONValue, to list: RequestDraft) -> [Instrument]? {
        answer["symbols"]?.instruments { read($0, on: list.host) }
    }

    private func read(_ row: InstrumentRow, on host: String) -> Instrument? {
        guard let symbol = row.text("symbol"), let base = row.text("baseAsset"),
            let quote = row.text("quoteAsset")
        else { return nil }
        let kind: OrderIntent.Instrument = host == "spot" ? .spot : host == "usdm" ? .linear : .inverse
        var found = Instrument(
            symbol, host: host, kind, base: base, quote: quote, settle: row.text("marginAsset"))
        if kind == .inverse {
            (found.contractValue, found.contractUnit) = (row.amount("contractSize"), .quote)
        }
        let filter = { (names: [String]) in row.element(of: "filters", where: "filterType", is: names) }
        let (lot, notional) = (filter(["LOT_SIZE"]), filter(["NOTIONAL", "MIN_NOTIONAL"]))
        found.lotStep = lot.amount("stepSize")
        found.tickSize = filter(["PRICE_FILTER"]).amount("tickSize")
        (found.minQuantity, found.maxQuantity) = (lot.amount("minQty"), lot.amount("maxQty"))
        found.minNotional = notional.amount("minNotional") ?? notional.amount("notional")
        return found
    }
}
