/// The indicators that can be asked for, each with the lines that one pass over the bars gives.
enum IndicatorStudy: Hashable, Sendable, CaseIterable {
    case sma, ema, wma, rsi, macd, bollinger, trueRange, atr, natr, directional, obv, ad, stochastic, mfi,
        cci,
        roc, momentum, williamsR, standardDeviation, extremes, channel, slope, aroon

    /// In the order of the indicator's row.
    var lines: [IndicatorLine] {
        switch self {
        case .macd: [.macd, .macdSignal, .macdHistogram]
        case .bollinger: [.upperBand, .middleBand, .lowerBand]
        case .directional: [.plusDI, .minusDI, .dx, .adx]
        case .stochastic: [.stochasticK, .stochasticD]
        case .extremes: [.highest, .lowest]
        case .channel: [.channelHigh, .channelLow]
        case .aroon: [.aroonUp, .aroonDown]
        default: IndicatorLine.allCases.filter { $0.study == self }
        }
    }

    var parameters: [IndicatorParameter] {
        switch self {
        case .trueRange, .obv, .ad: []
        case .macd: [.bars("fast", 12, from: 2), .bars("slow", 26, from: 2), .bars("signal", 9, from: 1)]
        case .bollinger: [.bars("n", 20, from: 2), .deviations]
        case .stochastic: [.bars("n", 14, from: 1), .bars("k", 3, from: 1), .bars("d", 3, from: 1)]
        case .roc, .momentum: [.bars("n", 10, from: 1)]
        case .sma, .ema, .wma, .cci, .standardDeviation, .extremes, .channel, .slope:
            [.bars("n", 20, from: 2)]
        case .rsi, .atr, .natr, .directional, .mfi, .williamsR: [.bars("n", 14, from: 2)]
        case .aroon: [.bars("n", 25, from: 2)]
        }
    }

    /// Of parameters within their bounds.
    func make(_ values: [Double], _ undefined: Undefined) -> any Indicator {
        let n = values.first.map { Int($0) } ?? 1
        switch self {
        case .sma: return SMA(n)
        case .ema: return EMA(n)
        case .wma: return WMA(n)
        case .rsi: return RSI(n, undefined: undefined)
        case .macd: return MACD(fast: n, slow: Int(values[1]), signal: Int(values[2]))
        case .bollinger: return BollingerBands(n, width: values[1])
        case .trueRange: return TrueRange()
        case .atr: return ATR(n)
        case .natr: return NATR(n)
        case .directional: return DirectionalMovement(n, undefined: undefined)
        case .obv: return OBV()
        case .ad: return AccumulationDistribution()
        case .stochastic:
            return Stochastic(n, slowK: Int(values[1]), slowD: Int(values[2]), undefined: undefined)
        case .mfi: return MoneyFlowIndex(n, undefined: undefined)
        case .cci: return CommodityChannelIndex(n, undefined: undefined)
        case .roc: return RateOfChange(n, undefined: undefined)
        case .momentum: return Momentum(n)
        case .williamsR: return WilliamsR(n, undefined: undefined)
        case .standardDeviation: return StandardDeviation(n)
        case .extremes: return PriceExtremes(n)
        case .channel: return DonchianChannel(n)
        case .slope: return LinearRegressionSlope(n)
        case .aroon: return Aroon(n)
        }
    }
}
