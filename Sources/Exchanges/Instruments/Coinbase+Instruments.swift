package import JSON

/// …/coinbase-app/advanced-trade-apis/rest-api, public products
extension Coinbase {
    package var instrumentLists: [RequestDraft] {
        ["SPOT", "FUTURE"].map { kind in
            .list("main", "/api/v3/brokerage/market/products", [.init("product_type", kind)])
        }
    }

    package func instruments(in answer: JSONValue, to list: RequestDraft) -> [Instrument]? {
        answer["products"]?.instruments { row in
            row.text("product_type") == "FUTURE" ? future(row) : spot(row)
        }
    }

    private func spot(_ row: InstrumentRow) -> Instrument? {
        guard let symbol = row.text("product_id"), let base = row.text("base_currency_id"),
            let quote = row.text("quote_currency_id")
        else { return nil }
        return steps(row, of: Instrument(symbol, host: "main", .spot, base: base, quote: quote))
    }

    private func future(_ row: InstrumentRow) -> Instrument? {
        let details = row["future_product_details"]
        guard let symbol = row.text("product_id"), let base = details.text("contract_root_unit"),
            let quote = row.text("quote_currency_id")
        else { return nil }
        var found = Instrument(symbol, host: "main", .linear, base: base, quote: quote)
        found.contractValue = details.amount("contract_size")
        return steps(row, of: found)
    }

    private func steps(_ row: InstrumentRow, of instrument: Instrument) -> Instrument {
        var found = instrument
        found.lotStep = row.amount("base_increment")
        found.tickSize = row.amount("price_increment") ?? row.amount("quote_increment")
        (found.minQuantity, found.maxQuantity) = (row.amount("base_min_size"), row.amount("base_max_size"))
        // A future's is in the currency of its contract, which is no bound on what an order is worth.
        found.minNotional = instrument.kind == .spot ? row.amount("quote_min_size") : nil
        return found
    }
}
