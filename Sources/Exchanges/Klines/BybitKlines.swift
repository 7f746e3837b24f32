import JSON
import Kernel

/// https://bybit-exchange.github.io/docs/v5/market/kline: newest first, and errors with status 200.
struct BybitKlines: KlineDialect {
    private static let intervals: [Int64: String] = [
        60: "1", 300: "5", 900: "15", 3_600: "60", 14_400: "240", 86_400: "D", 604_800: "W",
    ]

    let mostRows = 1_000

    func draft(_ question: KlineQuestion) -> RequestDraft? {
        guard let interval = Self.intervals[Int64(question.interval.seconds)] else { return nil }
        return .list(
            "main", "/v5/market/kline",
            [
                .init("category", question.market.rawValue), .init("symbol", question.instrument),
                .init("interval", interval), .init("start", String(question.from.milliseconds)),
                .init("end", String(question.to.milliseconds - 1)), .init("limit", String(mostRows)),
            ])
    }

    func klines(in answer: JSONValue, to question: KlineQuestion) -> [Kline]? {
        guard answer.words("retCode") == "0", let result = answer["result"],
            result.words("symbol") == question.instrument, let rows = result["list"]?.asArray
        else { return nil }
        let klines = rows.compactMap(Kline.init)
        return klines.count == rows.count ? klines.reversed() : nil
    }

    func refusal(in answer: JSONValue) -> (code: String, words: String)? {
        guard let code = answer.words("retCode"), code != "0" else { return nil }
        return (code, answer.words("retMsg") ?? "")
    }
}
