package import JSON

/// https://docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs
extension Kraken {
    package var instrumentLists: [RequestDraft] { [.list("spot", "/0/public/AssetPairs")] }

    /// An order may call a pair by any of three names, of which policies know the alternative one: `XBTUSD`.
    package func instruments(in answer: JSONValue, to list: RequestDraft) -> [Instrument]? {
        guard let pairs = answer["result"]?.asObject?.members else { return nil }
        let found = pairs.compactMap { pair -> Instrument? in
            let row = InstrumentRow(pair.value)
            var found = read(row, as: row.text("altname") ?? pair.name)
            let others = [pair.name, row.text("wsname") ?? pair.name]
            for name in others where found?.names.contains(name) == false { found?.aliases.append(name) }
            return found
        }
        return found.isEmpty && !pairs.isEmpty ? nil : found
    }

    /// Currencies by the name for sockets, which has no letters before them: `XBT/USD`, where the pair is
    /// `XXBTZUSD`.
    private func read(_ row: InstrumentRow, as symbol: String) -> Instrument? {
        let pair = row.text("wsname")?.split(separator: "/") ?? []
        guard pair.count == 2 else { return nil }
        var found = Instrument(
            symbol, host: "spot", .spot, base: InstrumentRow.currency(pair[0]),
            quote: InstrumentRow.currency(pair[1]))
        found.lotStep = row.step(places: "lot_decimals")
        found.tickSize = row.amount("tick_size") ?? row.step(places: "pair_decimals")
        (found.minQuantity, found.minNotional) = (row.amount("ordermin"), row.amount("costmin"))
        return found
    }
}
