package import JSON
import Kernel

/// https://www.okx.com/docs-v5/en/#public-data-rest-api-get-instruments
extension OKX {
    package var instrumentLists: [RequestDraft] {
        ["SPOT", "SWAP", "FUTURES"].map { kind in
            .list("main", "/api/v5/public/instruments", [.init("instType", kind)])
        }
    }

    package func instruments(in answer: JSONValue, to list: RequestDraft) -> [Instrument]? {
        answer["data"]?.instruments { $0.text("instType") == "SPOT" ? spot($0) : contract($0) }
    }

    private func spot(_ row: InstrumentRow) -> Instrument? {
        guard let symbol = row.text("instId"), let base = row.text("baseCcy"),
            let quote = row.text("quoteCcy")
        else { return nil }
        return steps(row, of: Instrument(symbol, host: "main", .spot, base: base, quote: quote))
    }

    private func contract(_ row: InstrumentRow) -> Instrument? {
        let pair = row.text("uly")?.split(separator: "-").map(String.init) ?? []
        guard let symbol = row.text("instId"), pair.count == 2,
            let kind = row.text("ctType").flatMap({ OrderIntent.Instrument(rawValue: $0) })
        else { return nil }
        var found = Instrument(
            symbol, host: "main", kind, base: pair[0], quote: pair[1], settle: row.text("settleCcy"))
        let (value, multiplier) = (row.amount("ctVal"), row.amount("ctMult"))
        found.contractValue = value.flatMap { multiplier?.multiplied(by: $0) }
        found.contractUnit = row.text("ctValCcy") == pair[0] ? .base : .quote
        return steps(row, of: found)
    }

    private func steps(_ row: InstrumentRow, of instrument: Instrument) -> Instrument {
        var found = instrument
        (found.lotStep, found.tickSize) = (row.amount("lotSz"), row.amount("tickSz"))
        (found.minQuantity, found.maxQuantity) = (row.amount("minSz"), row.amount("maxLmtSz"))
        return found
    }
}
