package import JSON
import Kernel

/// https://www.bitget.com/api-doc/spot/market/Get-Symbols, …/contract/market/Get-All-Symbols-Contracts.
/// Contracts are counted in their base, inverse ones, too.
extension Bitget {
    package var instrumentLists: [RequestDraft] {
        let products = ["USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES"]
        return [.list("main", "/api/v2/spot/public/symbols")]
            + products.map { product in
                .list("main", "/api/v2/mix/market/contracts", [.init("productType", product)])
            }
    }

    package func instruments(in answer: JSONValue, to list: RequestDraft) -> [Instrument]? {
        answer["data"]?.instruments { list.query.isEmpty ? spot($0) : contract($0) }
    }

    private func spot(_ row: InstrumentRow) -> Instrument? {
        guard let symbol = row.text("symbol"), let base = row.text("baseCoin"),
            let quote = row.text("quoteCoin")
        else { return nil }
        var found = Instrument(symbol, host: "main", .spot, base: base, quote: quote)
        found.lotStep = row.step(places: "quantityPrecision")
        found.tickSize = row.step(places: "pricePrecision")
        (found.minQuantity, found.maxQuantity) = (row.amount("minTradeAmount"), row.amount("maxTradeAmount"))
        found.minNotional = row.amount("minTradeUSDT")
        return found
    }

    private func contract(_ row: InstrumentRow) -> Instrument? {
        guard let symbol = row.text("symbol"), let base = row.text("baseCoin"),
            let quote = row.text("quoteCoin")
        else { return nil }
        let isInverse = row.has("supportMarginCoins", base)
        var found = Instrument(
            symbol, host: "main", isInverse ? .inverse : .linear, base: base, quote: quote,
            settle: isInverse ? base : quote)
        found.lotStep = row.amount("sizeMultiplier")
        // The last digit moves by so much.
        let (place, end) = (row.step(places: "pricePlace"), row.amount("priceEndStep"))
        found.tickSize = place.flatMap { end?.multiplied(by: $0) }
        (found.minQuantity, found.maxQuantity) = (row.amount("minTradeNum"), row.amount("maxOrderQty"))
        found.minNotional = row.amount("minTradeUSDT")
        return found
    }
}
