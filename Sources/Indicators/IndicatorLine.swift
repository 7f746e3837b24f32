/// One column of numbers that an indicator gives. The raw value is the name without parameters.
package enum IndicatorLine: String, CaseIterable, Sendable {
    case sma, ema, wma, rsi, macd
    case macdSignal = "macd_signal"
    case macdHistogram = "macd_hist"
    case upperBand = "bb_upper"
    case middleBand = "bb_mid"
    case lowerBand = "bb_lower"
    case trueRange = "tr"
    case atr, natr
    case plusDI = "plus_di"
    case minusDI = "minus_di"
    case dx, adx, obv, ad
    case stochasticK = "stoch_k"
    case stochasticD = "stoch_d"
    case mfi, cci, roc
    case momentum = "mom"
    case williamsR = "willr"
    case standardDeviation = "stddev"
    case highest = "max"
    case lowest = "min"
    case channelHigh = "donchian_high"
    case channelLow = "donchian_low"
    case slope = "linreg_slope"
    case aroonUp = "aroon_up"
    case aroonDown = "aroon_down"
}

extension IndicatorLine {
    package var title: String {
        switch self {
        case .sma: "Simple moving average"
        case .ema: "Exponential moving average"
        case .wma: "Weighted moving average"
        case .rsi: "Relative strength index"
        case .macd: "MACD"
        case .macdSignal: "MACD's signal"
        case .macdHistogram: "MACD less its signal"
        case .upperBand: "Upper Bollinger band"
        case .middleBand: "Middle Bollinger band"
        case .lowerBand: "Lower Bollinger band"
        case .trueRange: "True range"
        case .atr: "Average true range"
        case .natr: "Average true range in percent"
        case .plusDI: "Plus directional indicator"
        case .minusDI: "Minus directional indicator"
        case .dx: "Directional index"
        case .adx: "Average directional index"
        case .obv: "On-balance volume"
        case .ad: "Accumulation/distribution line"
        case .stochasticK: "Slow stochastic K"
        case .stochasticD: "Slow stochastic D"
        case .mfi: "Money flow index"
        case .cci: "Commodity channel index"
        case .roc: "Rate of change in percent"
        case .momentum: "Momentum"
        case .williamsR: "Williams %R"
        case .standardDeviation: "Standard deviation"
        case .highest: "Highest high"
        case .lowest: "Lowest low"
        case .channelHigh: "Donchian channel's high"
        case .channelLow: "Donchian channel's low"
        case .slope: "Slope of the linear regression"
        case .aroonUp: "Aroon up"
        case .aroonDown: "Aroon down"
        }
    }

    /// n, fast, slow, signal, k and d are the parameters; indexes are from 0.
    package var formula: String {
        switch self {
        case .sma: "mean of the last n closes"
        case .ema: "seed: mean of closes 0..n-1; then e += 2/(n+1)*(close-e)"
        case .wma: "sum of the last n closes, weighted 1 (oldest) to n, over n*(n+1)/2"
        case .rsi: "100*gain/(gain+loss); mean of changes 1..n, then Wilder; null while the price never moved"
        case .macd:
            "EMA(fast)-EMA(slow), both seeded with the closes up to slow-1; null until the signal exists"
        case .macdSignal: "EMA(signal) of EMA(fast)-EMA(slow)"
        case .macdHistogram: "macd-macd_signal"
        case .upperBand: "mean of the last n closes + deviations * their population standard deviation"
        case .middleBand: "mean of the last n closes"
        case .lowerBand: "mean of the last n closes - deviations * their population standard deviation"
        case .trueRange: "max(high, previous close) - min(low, previous close)"
        case .atr: "mean of true ranges 1..n, then Wilder"
        case .natr: "100*ATR/close"
        case .plusDI, .minusDI: "100*DM/TR; sums over bars 1..n-1, then S-S/n+new; null without any range"
        case .dx: "100*|PDI-MDI|/(PDI+MDI); null without any directional movement"
        case .adx: "mean of the first n DX, then Wilder"
        case .obv: "starts at volume 0; plus the volume of a rising close, minus that of a falling one"
        case .ad: "sum of volume*((close-low)-(high-close))/(high-low); a bar without range adds nothing"
        case .stochasticK: "mean of k values of 100*(close-low(n))/(high(n)-low(n)); null without any range"
        case .stochasticD: "mean of d values of stoch_k; both from where it exists"
        case .mfi:
            "100*rising/(rising+falling); sums of typical price*volume over n bars; null without either"
        case .cci: "(typical-mean(n))/(0.015*mean |typical-mean(n)|); null where the price did not move"
        case .roc: "100*(close/close n bars ago - 1)"
        case .momentum: "close - close n bars ago"
        case .williamsR: "-100*(high(n)-close)/(high(n)-low(n)); null without any range"
        case .standardDeviation: "population standard deviation of the last n closes"
        case .highest: "highest high of the last n bars"
        case .lowest: "lowest low of the last n bars"
        case .channelHigh: "highest high of the previous n bars, without this one"
        case .channelLow: "lowest low of the previous n bars, without this one"
        case .slope: "rise a bar of the least-squares line through the last n closes"
        case .aroonUp: "100*(n - bars since the highest high of the last n+1)/n; of equal ones the newest"
        case .aroonDown: "100*(n - bars since the lowest low of the last n+1)/n; of equal ones the newest"
        }
    }

    /// The indicator that computes it, together with the other lines of it.
    var study: IndicatorStudy {
        switch self {
        case .sma: .sma
        case .ema: .ema
        case .wma: .wma
        case .rsi: .rsi
        case .macd, .macdSignal, .macdHistogram: .macd
        case .upperBand, .middleBand, .lowerBand: .bollinger
        case .trueRange: .trueRange
        case .atr: .atr
        case .natr: .natr
        case .plusDI, .minusDI, .dx, .adx: .directional
        case .obv: .obv
        case .ad: .ad
        case .stochasticK, .stochasticD: .stochastic
        case .mfi: .mfi
        case .cci: .cci
        case .roc: .roc
        case .momentum: .momentum
        case .williamsR: .williamsR
        case .standardDeviation: .standardDeviation
        case .highest, .lowest: .extremes
        case .channelHigh, .channelLow: .channel
        case .slope: .slope
        case .aroonUp, .aroonDown: .aroon
        }
    }
}
