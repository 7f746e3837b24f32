import JSON
import Kernel

/// …/rest-api/market-data-endpoints#klinecandlestick-data; the futures' one is named alike.
struct BinanceKlines: KlineDialect {
    private static let intervals: [Int64: String] = [
        60: "1m", 300: "5m", 900: "15m", 3_600: "1h", 14_400: "4h", 86_400: "1d", 604_800: "1w",
    ]

    let mostRows = 1_000

    func draft(_ question: KlineQuestion) -> RequestDraft? {
        guard let interval = Self.intervals[Int64(question.interval.seconds)] else { return nil }
        let (host, path) =
            switch question.market {
            case .spot: ("spot", "/api/v3/klines")
            case .linear: ("usdm", "/fapi/v1/klines")
            }
        return .list(
            host, path,
            [
                .init("symbol", question.instrument), .init("interval", interval),
                .init("startTime", String(question.from.milliseconds)),
                .init("endTime", String(question.to.milliseconds - 1)), .init("limit", String(mostRows)),
            ])
    }

    func klines(in answer: JSONValue, to question: KlineQuestion) -> [Kline]? {
        guard let rows = answer.asArray else { return nil }
        let klines = rows.compactMap(Kline.init)
        return klines.count == rows.count ? klines : nil
    }

    func refusal(in answer: JSONValue) -> (code: String, words: String)? {
        guard let code = answer.words("code"), let words = answer.words("msg") else { return nil }
        return (code, words)
    }
}
