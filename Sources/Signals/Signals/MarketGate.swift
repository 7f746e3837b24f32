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
    /// There is no BTC series of this source and interval, or none yet at that time: the gate is open.
    case noSeries
    /// The BTC series has fewer than 50 candles: the gate is open.
    case tooYoung
    /// The gate is switched off.
    case off

    package var isOpen: Bool {
        if case .closed = self { false } else { true }
    }

    package var message: String {
        switch self {
        case .open(let market): "market gate open: BTC \(market.close) above its SMA50 \(market.sma50)"
        case .closed(let market):
            "market gate closed: BTC \(market.close) not above its SMA50 \(market.sma50)"
        case .noSeries: "market gate open: there is no BTC series of this source and interval"
        case .tooYoung: "market gate open: the BTC series has fewer than 50 candles"
        case .off: "market gate off"
        }
    }
}

/// BTC above its SMA50, candle by candle. Made of BTC's closed candles of the same source and interval.
package struct MarketGate: Equatable, Sendable {
    private var average = SMA(50)
    private var times: [Timestamp] = []
    private var readings: [GateReading] = []

    package init() {}

    package init(_ candles: some Sequence<Candle>) {
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
        return low == 0 ? .noSeries : readings[low - 1]
    }
}
