/// The thresholds of the signal rule; part of a signal's model.
package struct SignalSettings: Equatable, Sendable {
    /// A grade from which a token is bullish, until one below `neutralBelow`.
    package var bullishFrom = 70.0
    package var neutralBelow = 50.0
    package var usesMarketGate = true
    /// Candles after the close of a signal at which the same direction cannot open again.
    package var cooldownCandles = 1
    /// Part of the price that each fill costs: 10 basis points.
    package var costPerSide = 0.001
    package var stopRanges = 2.0
    /// Missing candles in a row after which an open signal is stale.
    package var staleAfterMissing = 3
    /// Data quality under which an open signal is stale.
    package var leastDataQuality = 50.0
    /// Points of confidence that an open signal loses from its decision on until it is stale. Fewer would end
    /// many signals that did well: Docs/signals.md has what was measured.
    package var mostDoubt = 10.0
    /// Whether a candle under that quality, or without a grade, also ends the regime: then it takes a grade
    /// from `bullishFrom` on to begin another.
    package var forgetsPoorData = false
    package var bearishConditions = 3
    package var lowGrade = 30.0
    /// Volume dries when mean5 is under this part of mean20 …
    package var dryVolume = 0.6
    /// … while the 5-day return stays within this part of ATR14/close.
    package var holdingPrice = 0.5

    package init() {}

    /// Decision 0012: position = signal × gate at every candle, so there is no cooldown.
    static let traderV1: SignalSettings = {
        var settings = SignalSettings()
        settings.bullishFrom = 75
        settings.leastDataQuality = 75
        settings.cooldownCandles = 0
        settings.forgetsPoorData = true
        return settings
    }()
}
