import Access
import Exchanges
import Kernel

/// What of an answer counts: candles that were asked for and are closed for good, each once. In whatever
/// order they came: what is there must not be taken for what the exchange has not.
struct FeedPage {
    private(set) var candles: [Candle] = []
    /// Rows that are no candles.
    private(set) var refused = 0
    /// Rows of another time than was asked for.
    private var strays = 0

    init(_ klines: [Kline], to question: KlineQuestion, of feed: CandleFeed, at now: Timestamp) {
        for kline in Self.inOrder(klines) {
            guard kline.openTime >= question.from && kline.openTime < question.to else {
                strays += 1
                continue
            }
            guard feed.interval.close(of: kline.openTime) + CandleFeed.grace <= now else { continue }
            let row = CandleRow(
                token: feed.symbol, source: feed.source, interval: feed.interval, openTime: kline.openTime,
                open: kline.open, high: kline.high, low: kline.low, close: kline.close,
                volume: kline.volume, closed: true)
            let isNext = candles.last.map { $0.openTime < kline.openTime } ?? true
            if isNext, let candle = try? Candle.validate(row, now: now) {
                candles.append(candle)
            } else {
                refused += 1
            }
        }
    }

    /// By time; of two of one time the first stays first.
    private static func inOrder(_ klines: [Kline]) -> [Kline] {
        let isRising = zip(klines, klines.dropFirst()).allSatisfy { $0.openTime <= $1.openTime }
        if isRising { return klines }
        return klines.enumerated().sorted {
            ($0.element.openTime, $0.offset) < ($1.element.openTime, $1.offset)
        }.map(\.element)
    }

    /// Why nothing may be concluded from it: not even that there are no candles.
    var mistake: String? {
        guard candles.isEmpty else { return nil }
        if refused > 0 { return "none of the exchange's \(refused) rows is a candle" }
        return strays > 0 ? "the exchange answered with candles of another time than asked for" : nil
    }

    /// Whether somebody waits for what it ends with.
    func isFresh(in interval: Interval, at now: Timestamp) -> Bool {
        candles.last.map { !interval.isLongAgo($0.openTime, at: now) } ?? false
    }

    func chunk(of feed: CandleFeed) -> CandleChunk {
        var chunk = CandleChunk()
        for (index, candle) in candles.enumerated() {
            _ = chunk.append(candle, feed.symbol, feed.interval, line: index + 1)
        }
        return chunk
    }
}
