extension IndicatorName {
    /// The bars before one that its value depends on, to the last bit; nil when it depends on all. Long
    /// windows keep running sums, whose last bits may tell when the series began.
    package var reach: Int? {
        switch line {
        case .trueRange, .roc, .momentum, .williamsR, .highest, .lowest, .channelHigh, .channelLow, .aroonUp,
            .aroonDown:
            lookBack
        case .sma, .upperBand, .middleBand, .lowerBand, .standardDeviation, .cci, .mfi:
            parameters[0] <= Double(RollingSum.short) ? lookBack : nil
        case .stochasticK, .stochasticD:
            max(parameters[1], parameters[2]) <= Double(RollingSum.short) ? lookBack : nil
        case .ema, .wma, .rsi, .macd, .macdSignal, .macdHistogram, .atr, .natr, .plusDI, .minusDI, .dx, .adx,
            .obv, .ad, .slope:
            nil
        }
    }
}
