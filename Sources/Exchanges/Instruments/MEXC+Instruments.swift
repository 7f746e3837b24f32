package import JSON

/// https://www.mexc.com/api-docs/spot-v3/market-data-endpoints, …/api-docs/futures/market-endpoints
extension MEXC {
    package var instrumentLists: [RequestDraft] {
        [.list("spot", "/api/v3/exchangeInfo"), .list("futures", "/api/v1/contract/detail")]
    }

    package func instruments(in answer: JSONValue, to list: RequestDraft) -> [Instrument]? {
        list.host == "futures"
            ? answer["data"]?.instruments(contract) : answer["symbols"]?.instruments(spot)
    }

    /// `quoteAmountPrecision` is the least that an order may be worth, whatever its name says.
    private func spot(_ row: InstrumentRow) -> Instrument? {
        guard let symbol = row.text("symbol"), let base = row.text("baseAsset"),
            let quote = row.text("quoteAsset")
        else { return nil }
        var found = Instrument(symbol, host: "spot", .spot, base: base, quote: quote)
        found.lotStep = row.amount("baseSizePrecision") ?? row.step(places: "baseAssetPrecision")
        found.tickSize = row.step(places: "quotePrecision")
        found.minQuantity = row.amount("baseSizePrecision")
        found.minNotional = row.amount("quoteAmountPrecision")
        return found
    }

    private func contract(_ row: InstrumentRow) -> Instrument? {
        guard let symbol = row.text("symbol"), let base = row.text("baseCoin"),
            let quote = row.text("quoteCoin"), let settle = row.text("settleCoin"),
            settle == base || settle == quote
        else { return nil }
        let kind: OrderIntent.Instrument = settle == quote ? .linear : .inverse
        var found = Instrument(symbol, host: "futures", kind, base: base, quote: quote, settle: settle)
        found.contractValue = row.amount("contractSize")
        found.contractUnit = kind == .linear ? .base : .quote
        (found.lotStep, found.tickSize) = (row.amount("volUnit"), row.amount("priceUnit"))
        (found.minQuantity, found.maxQuantity) = (row.amount("minVol"), row.amount("maxVol"))
        return found
    }
}
