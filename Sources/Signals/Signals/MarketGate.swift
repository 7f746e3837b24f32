import Indicators
package import Kernel

/// What the market said when a token's candle closed.
package enum GateReading: Equatable, Sendable {
    package struct Market: Equatable, Sendable {
        /// Open time of the market's candle: the newest one that is no later than the token's.
        package var time: Timestamp
        package var close: Double
        package var sma50: Double
    }

    case open(Market)
    case closed(Market)
    /// The market's newest candle, which opened then, is too far behind: nobody knows how the market stands.
    /// Nothing opens. What is open stays open, since a feed that stops is no reason to sell.
    case ended(Timestamp)
    /// There is no BTC series of this source and interval, or none yet at that time: the gate is open.
    case noSeries
    /// The BTC series has fewer than 50 candles: the gate is open.
    case tooYoung
    /// The gate is switched off.
    case off

    /// Whether a position may begin.
    package var isOpen: Bool {
        switch self {
        case .open, .noSeries, .tooYoung, .off: true
        case .closed, .ended: false
        }
    }

    /// Whether one that is held ends.
    package var isClosed: Bool {
        if case .closed = self { true } else { false }
    }

    package var market: Market? {
        switch self {
        case .open(let market), .closed(let market): market
        case .ended, .noSeries, .tooYoung, .off: nil
        }
    }

    /// Open time of the market's candle that it is of.
    package var time: Timestamp? {
        if case .ended(let time) = self { time } else { market?.time }
    }

    package var message: String {
        switch self {
        case .open(let market):
            "market gate open: BTC \(market.close) above its SMA50 \(market.sma50), candle \(market.time)"
        case .closed(let market):
            "market gate closed: BTC \(market.close) not above its SMA50 \(market.sma50), "
                + "candle \(market.time)"
        case .ended(let time): "market gate unknown: the market's candles ended on \(time)"
        case .noSeries: "market gate open: there is no BTC series of this source and interval"
        case .tooYoung: "market gate open: the BTC series has fewer than 50 candles"
        case .off: "market gate off"
        }
    }
}

/// BTC above its SMA50, candle by candle. Made of BTC's closed candles of the same source and interval.
package struct MarketGate: Equatable, Sendable {
    private let interval: Interval
    private var average = SMA(50)
    private var times: [Timestamp] = []
    private var readings: [GateReading] = []

    package init(_ interval: Interval) { self.interval = interval }

    package init(_ interval: Interval, _ candles: some Sequence<Candle>) {
        self.init(interval)
        for candle in candles { update(candle) }
    }

    /// `candle` is later than the one before; an unclosed one is passed over.
    package mutating func update(_ candle: Candle) {
        guard candle.closed else { return }
        times.append(candle.openTime)
        guard let mean = average.update(candle.close) else { return readings.append(.tooYoung) }
        let market = GateReading.Market(time: candle.openTime, close: candle.close, sma50: mean)
        readings.append(candle.close > mean ? .open(market) : .closed(market))
    }

    /// Open time of the oldest candle whose reading is kept.
    package var first: Timestamp? { times.first }

    package var count: Int { times.count }

    /// Forgets the oldest readings; what comes after is computed as if they were there.
    package mutating func keep(last count: Int) {
        times.removeFirst(max(times.count - count, 0))
        readings.removeFirst(max(readings.count - count, 0))
    }

    /// The reading at the close of the candle that opened at `time`.
    package func reading(at time: Timestamp) -> GateReading {
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] <= time { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return .noSeries }
        let reading = readings[low - 1]
        let isBehind = interval.steps(from: times[low - 1], to: time) > MarketWait.mostBehind
        return isBehind && reading.market != nil ? .ended(times[low - 1]) : reading
    }
}
