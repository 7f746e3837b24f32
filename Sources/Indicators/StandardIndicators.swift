/// The indicators that every series shows beside its grade, streamed together: one update a closed candle.
package struct StandardIndicators: Equatable, Sendable {
    package struct Values: Equatable, Sendable {
        package var ema50: Double?
        package var ema200: Double?
        package var rsi14: Double?
        package var macd: MACD.Value?
        package var bollinger20: BollingerBands.Value?
        package var atr14: Double?
        package var directional14: DirectionalMovement.Value
        package var obv: Double
        package var stochastic: Stochastic.Value?
    }

    var ema50 = EMA(50)
    var ema200 = EMA(200)
    var rsi14: RSI
    var macd = MACD()
    var bollinger20 = BollingerBands()
    var atr14 = ATR()
    var directional14: DirectionalMovement
    var obv = OBV()
    var stochastic: Stochastic

    package init(undefined: Undefined = .null) {
        rsi14 = RSI(undefined: undefined)
        directional14 = DirectionalMovement(undefined: undefined)
        stochastic = Stochastic(undefined: undefined)
    }

    @inline(__always)
    package mutating func update(_ bar: Bar) -> Values {
        Values(
            ema50: ema50.update(bar.close), ema200: ema200.update(bar.close), rsi14: rsi14.update(bar.close),
            macd: macd.update(bar.close), bollinger20: bollinger20.update(bar.close),
            atr14: atr14.update(bar),
            directional14: directional14.update(bar), obv: obv.update(bar), stochastic: stochastic.update(bar)
        )
    }
}
