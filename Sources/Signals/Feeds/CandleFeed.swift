import Access
import Exchanges
import JSON
import Kernel

/// Candles that are pulled from an exchange into one series.
struct CandleFeed: Sendable {
    static let atMost = 200
    /// Before it counts as closed for good: exchanges finish a candle a moment after its end.
    static let grace = Candle.settling
    /// Candles that are asked for again, in case the exchange has corrected them since.
    static let overlap = 1
    /// Failures in a row after which it is told.
    static let failuresUntilTold = 3
    /// A feed that is no more candles behind goes before those that fill up their past.
    static let mostFresh = 3

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
    /// When the token's ticker ends: what opens from then on belongs to another token.
    var endsAt: Timestamp?
    /// Open time of the first candle that is not stored yet.
    var nextOpen: Timestamp
    var isEnabled = true
    /// When the exchange is asked next.
    var dueAt: Timestamp
    /// Stored, changed or not; and refused by the rules of candles.
    var candles: Int64 = 0
    var refused: Int64 = 0
    /// What it has passed and the exchange had not.
    var missing: FeedHole.Sum?
    var pulledAt: Timestamp?
    var failures = 0
    var failingSince: Timestamp?
    /// Until when the exchange takes no question, as it said.
    var shutOutUntil: Timestamp?
    var error: String?
    var isTold = false
    var revision: Int64 = 1
    var createdAt: Timestamp
    var createdBy: String?
    var updatedAt: Timestamp

    enum State: String, CaseIterable { case backfilling, live, failing, paused, ended }

    func state(at now: Timestamp) -> State {
        if !isEnabled { return .paused }
        if isOver { return .ended }
        if failingSince != nil { return .failing }
        return isCaughtUp(at: now - interval.period) ? .live : .backfilling
    }

    /// Nothing that it could bring would be its token's.
    var isOver: Bool { endsAt.map { nextOpen >= $0 } ?? false }

    func isCaughtUp(at now: Timestamp) -> Bool { interval.close(of: nextOpen) + Self.grace > now }

    func isFresh(at now: Timestamp) -> Bool {
        nextOpen + interval.period * Double(Self.mostFresh) + Self.grace > now
    }

    /// From 0 to 1: how much of the time since its beginning is stored.
    func progress(at now: Timestamp) -> Double {
        if isOver || isCaughtUp(at: now) { return 1 }
        let whole = Double(((endsAt.map { min($0, now) } ?? now) - beginsAt).microseconds)
        if whole <= 0 { return 1 }
        return min(max(Double((nextOpen - beginsAt).microseconds) / whole, 0), 1)
    }
}

// MARK: One pull

extension CandleFeed {
    /// Nil while no candle can have closed since the last pull.
    func question(at now: Timestamp, _ dialect: any KlineDialect) -> KlineQuestion? {
        guard !isCaughtUp(at: now), !isOver else { return nil }
        let from = max(beginsAt, nextOpen - interval.period * Double(Self.overlap))
        var to = from + interval.period * Double(dialect.mostRows)
        if let endsAt { to = min(to, interval.nextOpen(from: endsAt)) }
        return question(from: from, to: to)
    }

    func question(from: Timestamp, to: Timestamp) -> KlineQuestion {
        KlineQuestion(market, instrument, interval.period, from: from, to: to)
    }

    /// What lies behind an answer: its last candle, or the end of a time that is over and in which the
    /// exchange has no more. Gives what was passed without a candle.
    mutating func advance(
        past candles: [Candle], of question: KlineQuestion, at now: Timestamp
    ) -> [FeedHole] {
        let before = nextOpen
        if let last = candles.last { nextOpen = max(nextOpen, interval.close(of: last.openTime)) }
        if question.to + interval.period + Self.grace <= now { nextOpen = max(nextOpen, question.to) }
        pulledAt = now
        (failures, failingSince, shutOutUntil, error) = (0, nil, nil, nil)
        if isCaughtUp(at: now) {
            dueAt = interval.close(of: nextOpen) + Self.grace
        } else {
            // Without anything new the exchange has nothing yet where something should be.
            dueAt = nextOpen > before ? now : now + pause
        }
        return FeedHole.left(by: candles, from: before, to: nextOpen, interval, at: now)
    }

    private var pause: Period { .seconds(min(max(interval.seconds / 20, 5), 300)) }

    mutating func fail(_ sentence: String, at now: Timestamp) {
        failures += 1
        failingSince = failingSince ?? now
        shutOutUntil = nil
        error = String(sentence.prefix(300))
        dueAt = now + .seconds(min(5 << Int64(min(failures, 10) - 1), 900))
    }

    /// The exchange wants to be left alone. It holds up only what would have been asked for before.
    mutating func shutOut(until: Timestamp, _ sentence: String, at now: Timestamp) {
        shutOutUntil = until
        guard dueAt < until else { return }
        dueAt = until
        failingSince = failingSince ?? now
        error = String(sentence.prefix(300))
    }

    /// Its token's ticker is another's now.
    mutating func end(at now: Timestamp) {
        guard let endsAt else { return }
        failingSince = failingSince ?? now
        error = "the ticker \(symbol) ended at \(endsAt): later candles belong to another token"
    }
}

// MARK: Telling

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
            w.field("ends_at", endsAt?.description)
            w.field("enabled", isEnabled)
            w.field("state", state(at: now).rawValue)
            w.field("next_open", nextOpen.description)
            w.field("progress", progress(at: now))
            w.field("candles", candles)
            w.field("refused", refused)
            w.field("missing", missing)
            w.field("pulled_at", pulledAt?.description)
            w.field("due_at", isEnabled && !isOver ? dueAt.description : nil)
            w.field("failures", failures)
            w.field("failing_since", failingSince?.description)
            w.field("shut_out_until", shutOutUntil.flatMap { $0 > now ? $0.description : nil })
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
    private var fields: JSONObject {
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

    func failed(since: Timestamp) -> JSONObject {
        var data = fields
        _ = data.append("failures", .number(JSONNumber(failures)))
        _ = data.append("error", .string(error ?? ""))
        _ = data.append("failing_since", .string(since.description))
        _ = data.append("shut_out_until", shutOutUntil.map { .string($0.description) } ?? .null)
        return data
    }

    func recovered(since: Timestamp) -> JSONObject {
        var data = fields
        _ = data.append("failing_since", .string(since.description))
        return data
    }
}
