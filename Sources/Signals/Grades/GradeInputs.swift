/// The figures that a Trader Grade is made of, as they stood at the close of one candle. Nil where there are
/// not enough candles, or where the formula has no answer (a price that never moved).
package struct GradeInputs: Equatable, Sendable {
    /// Candles since the series began, this one included.
    package var bars = 0
    package var close = 0.0
    package var rsi14: Double?
    package var macdHistogram: Double?
    package var atr14: Double?
    package var ema20: Double?
    package var ema50: Double?
    package var ema200: Double?
    package var plusDI14: Double?
    package var minusDI14: Double?
    package var adx14: Double?
    /// Of the previous 20 candles, without this one.
    package var highest20: Double?
    package var lowest20: Double?
    /// Volume over the mean of the previous 20.
    package var volumeRatio: Double?
    /// Mean of the last three volume scores.
    package var volumeScore3: Double?
    /// Rank of ATR14/close among the last 180, above 0 and up to 1.
    package var volatilityRank: Double?
    /// How many candles that rank is among.
    package var volatilityCount = 0
}
