package import JSON

/// https://bybit-exchange.github.io/docs/v5/market/instrument. Inverse quantities count dollars.
extension Bybit {
    /// A page holds all of a category, of which there are fewer than a thousand each.
    package var instrumentLists: [RequestDraft] {
        ["spot", "linear", "inverse"].map { category in
            .list(
                "main", "/v5/market/instruments-info",
                [.init("category", category)] + (category == "spot" ? [] : [.init("limit", "1000")]))
        }
    }

    package func instruments(in answer: JSONValue, to list: RequestDraft) -> [Instrument]? {
        guard let category = list.query.first?.value, let kind = OrderIntent.Instrument(rawValue: category)
        else { return nil }
        return answer["result"]?["list"]?.instruments { read($0, as: kind) }
    }

    private func read(_ row: InstrumentRow, as kind: OrderIntent.Instrument) -> Instrument? {
        guard let symbol = row.text("symbol"), let base = row.text("baseCoin"),
            let quote = row.text("quoteCoin")
        else { return nil }
        var found = Instrument(
            symbol, host: "main", kind, base: base, quote: quote, settle: row.text("settleCoin"))
        if kind == .inverse { (found.contractValue, found.contractUnit) = (InstrumentRow.one, .quote) }
        let lot = row["lotSizeFilter"]
        found.lotStep = lot.amount("qtyStep") ?? lot.amount("basePrecision")
        found.tickSize = row["priceFilter"].amount("tickSize")
        (found.minQuantity, found.maxQuantity) = (lot.amount("minOrderQty"), lot.amount("maxOrderQty"))
        found.minNotional = lot.amount(kind == .spot ? "minOrderAmt" : "minNotionalValue")
        return found
    }
}
