package import JSON

/// https://www.gate.com/docs/developers/apiv4, spot currency pairs and futures contracts
extension Gate {
    package var instrumentLists: [RequestDraft] {
        [
            .list("main", "/api/v4/spot/currency_pairs"), .list("main", "/api/v4/futures/usdt/contracts"),
            .list("main", "/api/v4/futures/btc/contracts"),
        ]
    }

    package func instruments(in answer: JSONValue, to list: RequestDraft) -> [Instrument]? {
        let segments = list.path.split(separator: "/")
        guard segments.count == 5 else { return answer.instruments(spot) }
        let settle = segments[3].uppercased()
        return answer.instruments { contract($0, settledIn: settle) }
    }

    private func spot(_ row: InstrumentRow) -> Instrument? {
        guard let symbol = row.text("id"), let base = row.text("base"), let quote = row.text("quote") else {
            return nil
        }
        var found = Instrument(symbol, host: "main", .spot, base: base, quote: quote)
        found.lotStep = row.step(places: "amount_precision")
        found.tickSize = row.step(places: "precision")
        (found.minQuantity, found.minNotional) = (
            row.amount("min_base_amount"), row.amount("min_quote_amount")
        )
        found.maxQuantity = row.amount("max_base_amount")
        return found
    }

    /// An inverse contract is one dollar, written as a multiplier of 0. What settles in a third currency is
    /// left out.
    private func contract(_ row: InstrumentRow, settledIn settle: String) -> Instrument? {
        let pair = row.text("name")?.split(separator: "_").map(String.init) ?? []
        guard let symbol = row.text("name"), pair.count == 2, pair.contains(settle) else { return nil }
        let kind: OrderIntent.Instrument = settle == pair[1] ? .linear : .inverse
        var found = Instrument(symbol, host: "main", kind, base: pair[0], quote: pair[1], settle: settle)
        found.contractValue = kind == .linear ? row.amount("quanto_multiplier") : InstrumentRow.one
        found.contractUnit = kind == .linear ? .base : .quote
        // Where sizes may have a point, the smallest is the step, too.
        found.lotStep = row.flag("enable_decimal") ? row.amount("order_size_min") : InstrumentRow.one
        (found.minQuantity, found.maxQuantity) = (row.amount("order_size_min"), row.amount("order_size_max"))
        found.tickSize = row.amount("order_price_round")
        return found
    }
}
