import Access
import Exchanges
import JSON
import Kernel

/// Candles that are pulled from an exchange into one series.
struct CandleFeed: Sendable {
    static let atMost = 200
    /// Before it counts as closed for good: exchanges finish a candle a moment after its end.
    static let grace: Period = .seconds(2)
    /// Candles that are asked for again, in case the exchange has corrected them since.
    static let overlap = 1
    /// Failures in a row after which it is told.
    static let failuresUntilTold = 3

    var id: CandleFeedID
    var token: TokenID
    /// The token's ticker now.
    var symbol: String
    var source: String
    var interval: Interval
    var exchange: ExchangeName
    var environment: Environment
    var market: KlineQuestion.Market
    var instrument: String
    var beginsAt: Timestamp
    /// Open time of the first candle that is not stored yet.
    var nextOpen: Timestamp
    var isEnabled = true
    /// When the exchange is asked next.
    var dueAt: Timestamp
    /// Stored, changed or not; and refused by the rules of candles.
    var candles: Int64 = 0
    var refused: Int64 = 0
    var pulledAt: Timestamp?
    var failures = 0
    var failingSince: Timestamp?
    var error: String?
    var isTold = false
    var revision: Int64 = 1
    var createdAt: Timestamp
    var createdBy: String?
    var updatedAt: Timestamp

    enum State: String, CaseIterable { case backfilling, live, failing, paused }

    func state(at now: Timestamp) -> State {
        if !isEnabled { return .paused }
        if failures > 0 { return .failing }
        return isCaughtUp(at: now - interval.period) ? .live : .backfilling
    }

    func isCaughtUp(at now: Timestamp) -> Bool { interval.close(of: nextOpen) + Self.grace > now }

    /// From 0 to 1: how much of the time since its beginning is stored.
    func progress(at now: Timestamp) -> Double {
        let whole = Double((now - beginsAt).microseconds)
        if whole <= 0 || isCaughtUp(at: now) { return 1 }
        return min(max(Double((nextOpen - beginsAt).microseconds) / whole, 0), 1)
    }
}

// MARK: One pull

extension CandleFeed {
    /// Nil while no candle can have closed since the last pull.
    func question(at now: Timestamp, _ dialect: any KlineDialect) -> KlineQuestion? {
        guard !isCaughtUp(at: now) else { return nil }
        let from = max(beginsAt, nextOpen - interval.period * Double(Self.overlap))
        return KlineQuestion(
            market, instrument, interval.period, from: from,
            to: from + interval.period * Double(dialect.mostRows))
    }

    /// Candles of an answer that count: asked for, closed for good, each once; and how many are none.
    func closed(_ klines: [Kline], to question: KlineQuestion, at now: Timestamp) -> (
        candles: [Candle], refused: Int
    ) {
        var candles: [Candle] = []
        var refused = 0
        for kline in klines where kline.openTime >= question.from && kline.openTime < question.to {
            guard interval.close(of: kline.openTime) + Self.grace <= now else { continue }
            let row = CandleRow(
                token: symbol, source: source, interval: interval, openTime: kline.openTime, open: kline.open,
                high: kline.high, low: kline.low, close: kline.close, volume: kline.volume, closed: true)
            let isNext = candles.last.map { $0.openTime < kline.openTime } ?? true
            if isNext, let candle = try? Candle.validate(row, now: now) {
                candles.append(candle)
            } else {
                refused += 1
            }
        }
        return (candles, refused)
    }

    /// What lies behind an answer: its last candle, or the end of a time that is over and in which the
    /// exchange has no more.
    mutating func advance(past candles: [Candle], of question: KlineQuestion, at now: Timestamp) {
        let before = nextOpen
        if let last = candles.last { nextOpen = max(nextOpen, interval.close(of: last.openTime)) }
        if question.to + interval.period + Self.grace <= now { nextOpen = max(nextOpen, question.to) }
        pulledAt = now
        (failures, failingSince, error) = (0, nil, nil)
        if isCaughtUp(at: now) {
            dueAt = interval.close(of: nextOpen) + Self.grace
        } else {
            // Without anything new the exchange has nothing yet where something should be.
            dueAt = nextOpen > before ? now : now + pause
        }
    }

    private var pause: Period { .seconds(min(max(interval.seconds / 20, 5), 300)) }

    mutating func fail(_ sentence: String, at now: Timestamp) {
        failures += 1
        failingSince = failingSince ?? now
        error = String(sentence.prefix(300))
        dueAt = now + .seconds(min(5 << Int64(min(failures, 10) - 1), 900))
    }
}

extension CandleFeed {
    func write(to w: inout JSONWriter, at now: Timestamp) {
        w.object { w in
            w.field("id", id.description)
            w.field("token_id", token.description)
            w.field("symbol", symbol)
            w.field("source", source)
            w.field("interval", interval.rawValue)
            w.field("exchange", exchange.rawValue)
            w.field("environment", environment.rawValue)
            w.field("market", market.rawValue)
            w.field("instrument", instrument)
            w.field("from", beginsAt.description)
            w.field("enabled", isEnabled)
            w.field("state", state(at: now).rawValue)
            w.field("next_open", nextOpen.description)
            w.field("progress", progress(at: now))
            w.field("candles", candles)
            w.field("refused", refused)
            w.field("pulled_at", pulledAt?.description)
            w.field("due_at", isEnabled ? dueAt.description : nil)
            w.field("failures", failures)
            w.field("failing_since", failingSince?.description)
            w.field("error", error)
            w.field("created_at", createdAt.description)
            w.field("created_by", createdBy)
            w.field("updated_at", updatedAt.description)
            w.field("revision", revision)
        }
    }

    /// For the trail.
    var detail: JSONValue {
        [
            "token_id": .string(token.description), "source": .string(source),
            "interval": .string(interval.rawValue), "exchange": .string(exchange.rawValue),
            "environment": .string(environment.rawValue), "instrument": .string(instrument),
            "from": .string(beginsAt.description), "next_open": .string(nextOpen.description),
            "enabled": .bool(isEnabled),
        ]
    }

    /// What its events say of it.
    var fields: JSONObject {
        var data = JSONObject()
        _ = data.append("candle_feed_id", .string(id.description))
        _ = data.append("token_id", .string(token.description))
        _ = data.append("symbol", .string(symbol))
        _ = data.append("source", .string(source))
        _ = data.append("interval", .string(interval.rawValue))
        _ = data.append("exchange", .string(exchange.rawValue))
        _ = data.append("instrument", .string(instrument))
        return data
    }
}
