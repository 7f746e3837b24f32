import Glibc
import Indicators

/// Streams the inputs of the Trader Grade: O(1) a candle but for the small windows. A copy is a snapshot.
struct GradeInputStream: Equatable, Sendable {
    private var bars = 0
    private var rsi = RSI()
    private var macd = MACD()
    private var atr = ATR()
    private var ema20 = EMA(20)
    private var ema50 = EMA(50)
    private var ema200 = EMA(200)
    private var directional = DirectionalMovement()
    private var channel = DonchianChannel(20)
    private var volumes = Window(20)
    private var volumeScores = Window(3)
    private var previousClose: Double?
    private var volatility = PercentileRank(180, minimum: 60)

    mutating func update(_ bar: Bar) -> GradeInputs {
        bars += 1
        var inputs = GradeInputs(bars: bars, close: bar.close)
        inputs.rsi14 = rsi.update(bar.close)
        inputs.macdHistogram = macd.update(bar.close)?.histogram
        inputs.ema20 = ema20.update(bar.close)
        inputs.ema50 = ema50.update(bar.close)
        inputs.ema200 = ema200.update(bar.close)
        let direction = directional.update(bar)
        (inputs.plusDI14, inputs.minusDI14, inputs.adx14) = (
            direction.plusDI, direction.minusDI, direction.adx
        )
        let extremes = channel.update(bar)
        (inputs.highest20, inputs.lowest20) = (extremes?.highest, extremes?.lowest)
        updateVolatility(bar, &inputs)
        updateVolume(bar, &inputs)
        previousClose = bar.close
        return inputs
    }

    private mutating func updateVolatility(_ bar: Bar, _ inputs: inout GradeInputs) {
        inputs.atr14 = atr.update(bar)
        guard let atr14 = inputs.atr14 else { return }
        inputs.volatilityRank = volatility.update(atr14 / bar.close)
        inputs.volatilityCount = volatility.count
    }

    private mutating func updateVolume(_ bar: Bar, _ inputs: inout GradeInputs) {
        defer { volumes.push(bar.volume) }
        guard volumes.isFull, let previousClose else { return }
        let mean = volumes.sum / Double(volumes.capacity)
        guard mean > 0 else {
            // Nothing was traded: there is no base to compare with, and the mean of three stays undefined.
            volumeScores.push(.nan)
            return
        }
        let ratio = bar.volume / mean
        inputs.volumeRatio = ratio
        let sign = bar.close > previousClose ? 1.0 : bar.close < previousClose ? -1.0 : 0
        volumeScores.push(50 + 50 * sign * min(max(log2(ratio) / 2, 0), 1))
        guard volumeScores.isFull else { return }
        let score = volumeScores.sum / Double(volumeScores.capacity)
        inputs.volumeScore3 = score.isNaN ? nil : score
    }
}

extension GradeInputStream {
    mutating func walk(_ state: inout StateWalk) {
        state.pass(&bars)
        rsi.walk(&state)
        macd.walk(&state)
        atr.walk(&state)
        ema20.walk(&state)
        ema50.walk(&state)
        ema200.walk(&state)
        directional.walk(&state)
        channel.walk(&state)
        volumes.walk(&state)
        volumeScores.walk(&state)
        state.pass(&previousClose)
        volatility.walk(&state)
    }
}
