package import JSON

/// https://docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs
extension Kraken {
    package var instrumentLists: [RequestDraft] { [.list("spot", "/0/public/AssetPairs")] }

    /// An order may call a pair by any of three names.
    package func instruments(in answer: JSONValue, to list: RequestDraft) -> [Instrument]? {
        guard let pairs = answer["result"]?.asObject?.members else { return nil }
        let found = pairs.flatMap { pair -> [Instrument] in
            let row = InstrumentRow(pair.value)
            var names = [pair.name]
            for name in [row.text("altname"), row.text("wsname")].compactMap(\.self)
            where !names.contains(name) {
                names.append(name)
            }
            return names.compactMap { read(row, as: $0) }
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
