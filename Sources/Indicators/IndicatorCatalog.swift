/// What is said about an indicator to those who read its values.
package struct IndicatorDescription: Equatable, Sendable {
    package var name: String
    package var formula: String
    /// Candles that the first value needs.
    package var lookBack: Int
    /// 0-based index from which the seed weighs less than one part in a million.
    package var stableFrom: Int

    init(_ name: String, first: Int, stableFrom: Int? = nil, _ formula: String) {
        self.name = name
        self.formula = formula
        lookBack = first + 1
        self.stableFrom = stableFrom ?? first
    }
}

extension IndicatorDescription {
    /// A seed's weight falls by (n-1)/(n+1) a bar in an EMA n, by (n-1)/n in Wilder's smoothing: below one
    /// part in a million after 6.9·n and 13.8·n bars.
    package static let catalog: [IndicatorDescription] = [
        .init("sma20", first: 19, "mean of the last 20 closes"),
        .init("sma50", first: 49, "mean of the last 50 closes"),
        .init("sma200", first: 199, "mean of the last 200 closes"),
        .init("ema20", first: 19, stableFrom: 158, "seed: mean of closes 0..19; then e += 2/21*(close-e)"),
        .init("ema50", first: 49, stableFrom: 395, "seed: mean of closes 0..49; then e += 2/51*(close-e)"),
        .init(
            "ema200", first: 199, stableFrom: 1580, "seed: mean of closes 0..199; then e += 2/201*(close-e)"),
        .init(
            "rsi14", first: 14, stableFrom: 208,
            "100*gain/(gain+loss); mean of changes 1..14, then Wilder; null while the price never moved"),
        .init(
            "macd_12_26_9", first: 33, stableFrom: 213,
            "EMA12-EMA26, both from 25 (EMA12 seeded with closes 14..25); signal: EMA9 of it; all from 33"
        ),
        .init("bollinger_20_2", first: 19, "SMA20 and 2 population standard deviations on either side"),
        .init("atr14", first: 14, stableFrom: 208, "mean of true ranges 1..14, then Wilder"),
        .init(
            "di14", first: 14, stableFrom: 208,
            "100*DM/TR; sums over bars 1..13, then S-S/14+new; null without any range"),
        .init(
            "dx14", first: 14, stableFrom: 208,
            "100*|PDI-MDI|/(PDI+MDI); null without any directional movement"),
        .init("adx14", first: 27, stableFrom: 401, "mean of the first 14 DX, then Wilder"),
        .init(
            "obv", first: 0,
            "starts at volume 0; plus the volume of a rising close, minus that of a falling one"),
        .init(
            "stochastic_14_3_3", first: 17,
            "K: mean3 of 100*(close-L14)/(H14-L14), D: mean3 of K; both from 17; null without any range"),
        .init(
            "donchian20", first: 20,
            "highest high and lowest low of the previous 20 candles, without this one"),
        .init(
            "donchian10", first: 10,
            "highest high and lowest low of the previous 10 candles, without this one"),
        .init(
            "volatility_rank", first: 73, stableFrom: 193,
            "rank of ATR14/close among the last 180 (60 at least), this one too, ties averaged"
        ),
    ]
}
