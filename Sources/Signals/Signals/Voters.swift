import Indicators
import Kernel

/// Seven simple rules that everybody knows. How many of them agree with a signal is a part of its confidence.
package enum Voter: String, CaseIterable, Sendable {
    case closeOverSMA50 = "close_over_sma50"
    /// In above the highest high of 20 candles, out under the lowest low of 10.
    case donchian = "donchian_20_10"
    /// In above the upper band, out under the middle.
    case bollinger = "bollinger_breakout"
    case macd = "macd_over_signal"
    case emas = "ema20_over_ema50"
    case weekly = "weekly_close_over_sma10"
    case market = "btc_over_sma50"
}

/// What the voters say at one candle; nil where one cannot tell yet.
package struct Votes: Equatable, Sendable {
    /// A bit for each voter who can tell, and for each who says yes: they are counted at every candle.
    private var told: UInt8 = 0
    private var yes: UInt8 = 0

    package internal(set) subscript(voter: Voter) -> Bool? {
        get { told & voter.bit == 0 ? nil : yes & voter.bit != 0 }
        set {
            (told, yes) = (told & ~voter.bit, yes & ~voter.bit)
            guard let newValue else { return }
            told |= voter.bit
            if newValue { yes |= voter.bit }
        }
    }

    /// The part of those who can tell that says so, 0 to 1; nil when nobody can.
    package func share(saying answer: Bool) -> Double? {
        guard told != 0 else { return nil }
        let saying = answer ? yes : told & ~yes
        return Double(saying.nonzeroBitCount) / Double(told.nonzeroBitCount)
    }
}

extension Voter {
    fileprivate var bit: UInt8 {
        switch self {
        case .closeOverSMA50: 1
        case .donchian: 2
        case .bollinger: 4
        case .macd: 8
        case .emas: 16
        case .weekly: 32
        case .market: 64
        }
    }
}

/// The voters of one series, candle by candle; the market's vote comes with each candle's gate.
struct VoterStream: Equatable, Sendable {
    private let interval: Interval
    private var average = SMA(50)
    private var highs = DonchianChannel(20)
    private var lows = DonchianChannel(10)
    private var bands = BollingerBands(20)
    private var macd = MACD()
    private var ema20 = EMA(20)
    private var ema50 = EMA(50)
    private var weekly = SMA(10)
    /// The newest close of a week that is not over yet, and when that week ends.
    private var week: (close: Double, end: Timestamp)?
    private var isOverWeekly: Bool?
    private var isInChannel: Bool?
    private var isInBands: Bool?
    private var isOverAverage: Bool?
    private var isOverSignal: Bool?
    private var isFastOver: Bool?

    init(_ interval: Interval) { self.interval = interval }

    mutating func update(_ candle: Candle) {
        let close = candle.close
        isOverAverage = average.update(close).map { close > $0 }
        updateChannel(candle)
        if let bands = bands.update(close) {
            if isInBands == true {
                isInBands = close >= bands.middle
            } else {
                isInBands = close > bands.upper
            }
        }
        isOverSignal = macd.update(close).map { $0.macd > $0.signal }
        let (fast, slow) = (ema20.update(close), ema50.update(close))
        if let fast, let slow { isFastOver = fast > slow }
        updateWeek(candle)
    }

    private mutating func updateChannel(_ candle: Candle) {
        let (high, low) = (highs.update(candle.bar), lows.update(candle.bar))
        guard let high, let low else { return }
        if isInChannel == true {
            isInChannel = candle.close >= low.lowest
        } else {
            isInChannel = candle.close > high.highest
        }
    }

    /// Weeks end on Monday 00:00 UTC; one that is not over has no close yet.
    private mutating func updateWeek(_ candle: Candle) {
        let end = interval.close(of: candle.openTime)
        if let open = week, candle.openTime >= open.end { endWeek(open.close) }
        let weekEnd = Interval.week.end(of: candle.openTime)
        if end >= weekEnd { endWeek(candle.close) } else { week = (candle.close, weekEnd) }
    }

    private mutating func endWeek(_ close: Double) {
        isOverWeekly = weekly.update(close).map { close > $0 }
        week = nil
    }

    func votes(_ gate: GateReading) -> Votes {
        var votes = Votes()
        votes[.closeOverSMA50] = isOverAverage
        votes[.donchian] = isInChannel
        votes[.bollinger] = isInBands
        votes[.macd] = isOverSignal
        votes[.emas] = isFastOver
        votes[.weekly] = isOverWeekly
        switch gate {
        case .open: votes[.market] = true
        case .closed: votes[.market] = false
        case .ended, .noSeries, .tooYoung, .off: break
        }
        return votes
    }

    static func == (a: VoterStream, b: VoterStream) -> Bool {
        a.interval == b.interval && a.average == b.average && a.highs == b.highs && a.lows == b.lows
            && a.bands == b.bands && a.macd == b.macd && a.ema20 == b.ema20 && a.ema50 == b.ema50
            && a.weekly == b.weekly && a.week?.close == b.week?.close && a.week?.end == b.week?.end
            && a.isOverWeekly == b.isOverWeekly && a.isInChannel == b.isInChannel
            && a.isInBands == b.isInBands && a.isOverAverage == b.isOverAverage
            && a.isOverSignal == b.isOverSignal && a.isFastOver == b.isFastOver
    }
}

extension VoterStream {
    mutating func walk(_ state: inout StateWalk) {
        average.walk(&state)
        highs.walk(&state)
        lows.walk(&state)
        bands.walk(&state)
        macd.walk(&state)
        ema20.walk(&state)
        ema50.walk(&state)
        weekly.walk(&state)
        state.pass(&week, blank: (close: 0, end: Timestamp(microseconds: 0))) { state, week in
            state.pass(&week.close)
            state.pass(&week.end)
        }
        state.pass(&isOverWeekly)
        state.pass(&isInChannel)
        state.pass(&isInBands)
        state.pass(&isOverAverage)
        state.pass(&isOverSignal)
        state.pass(&isFastOver)
    }
}
