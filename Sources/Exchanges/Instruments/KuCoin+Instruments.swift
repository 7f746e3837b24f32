package import JSON

/// https://www.kucoin.com/docs-new/rest/spot-trading/market-data/get-all-symbols,
/// …/rest/futures-trading/market-data/get-all-symbols
extension KuCoin {
    package var instrumentLists: [RequestDraft] {
        [.list("spot", "/api/v2/symbols"), .list("futures", "/api/v1/contracts/active")]
    }

    package func instruments(in answer: JSONValue, to list: RequestDraft) -> [Instrument]? {
        answer["data"]?.instruments { list.host == "futures" ? contract($0) : spot($0) }
    }

    private func spot(_ row: InstrumentRow) -> Instrument? {
        guard let symbol = row.text("symbol"), let base = row.text("baseCurrency"),
            let quote = row.text("quoteCurrency")
        else { return nil }
        var found = Instrument(symbol, host: "spot", .spot, base: base, quote: quote)
        (found.lotStep, found.tickSize) = (row.amount("baseIncrement"), row.amount("priceIncrement"))
        (found.minQuantity, found.maxQuantity) = (row.amount("baseMinSize"), row.amount("baseMaxSize"))
        found.minNotional = row.amount("minFunds")
        return found
    }

    /// An inverse contract is one dollar, written as a multiplier of -1. What settles in a third currency is
    /// left out.
    private func contract(_ row: InstrumentRow) -> Instrument? {
        guard let symbol = row.text("symbol"), let base = row.currency("baseCurrency"),
            let quote = row.currency("quoteCurrency"), let settle = row.currency("settleCurrency"),
            settle == (row.flag("isInverse") ? base : quote)
        else { return nil }
        let kind: OrderIntent.Instrument = row.flag("isInverse") ? .inverse : .linear
        var found = Instrument(symbol, host: "futures", kind, base: base, quote: quote, settle: settle)
        found.contractValue = kind == .linear ? row.amount("multiplier") : row.negated("multiplier")
        found.contractUnit = kind == .linear ? .base : .quote
        (found.lotStep, found.minQuantity) = (row.amount("lotSize"), row.amount("lotSize"))
        (found.tickSize, found.maxQuantity) = (row.amount("tickSize"), row.amount("maxOrderQty"))
        return found
    }
}
