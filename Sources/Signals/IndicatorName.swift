import Glibc
import Indicators

/// The indicators' values by the names that answers give them.
enum IndicatorName: String, CaseIterable, Sendable {
    case sma20, sma50, sma200, ema20, ema50, ema200, rsi14, macd
    case macdSignal = "macd_signal"
    case macdHistogram = "macd_hist"
    case upperBand = "bb_upper"
    case middleBand = "bb_mid"
    case lowerBand = "bb_lower"
    case atr14
    case plusDI14 = "plus_di14"
    case minusDI14 = "minus_di14"
    case dx14, adx14, obv
    case stochasticK = "stoch_k"
    case stochasticD = "stoch_d"

    /// How long the seed can be told in the value.
    private enum Memory {
        /// Only the last values count.
        case window
        /// An EMA of n: the seed's weight falls by (n-1)/(n+1) a candle.
        case exponential(Double)
        /// Wilder's smoothing of n: by (n-1)/n.
        case wilder(Double)

        /// Candles until it weighs less than 1e-9.
        var candles: Int {
            switch self {
            case .window: 0
            case .exponential(let n): Int((log(1e9) / log((n + 1) / (n - 1))).rounded(.up))
            case .wilder(let n): Int((log(1e9) / log(n / (n - 1))).rounded(.up))
            }
        }
    }

    var title: String {
        switch self {
        case .sma20, .sma50, .sma200: "Simple moving average \(rawValue.dropFirst(3))"
        case .ema20, .ema50, .ema200: "Exponential moving average \(rawValue.dropFirst(3))"
        case .rsi14: "Relative strength index 14"
        case .macd: "MACD 12, 26"
        case .macdSignal: "MACD's signal 9"
        case .macdHistogram: "MACD less its signal"
        case .upperBand: "Upper Bollinger band 20, 2"
        case .middleBand: "Middle Bollinger band 20"
        case .lowerBand: "Lower Bollinger band 20, 2"
        case .atr14: "Average true range 14"
        case .plusDI14: "Plus directional indicator 14"
        case .minusDI14: "Minus directional indicator 14"
        case .dx14: "Directional index 14"
        case .adx14: "Average directional index 14"
        case .obv: "On-balance volume"
        case .stochasticK: "Slow stochastic K 14, 3"
        case .stochasticD: "Slow stochastic D 14, 3, 3"
        }
    }

    var parameters: [(name: String, value: Int)] {
        switch self {
        case .sma20, .ema20: [("n", 20)]
        case .sma50, .ema50: [("n", 50)]
        case .sma200, .ema200: [("n", 200)]
        case .rsi14, .atr14, .plusDI14, .minusDI14, .dx14, .adx14: [("n", 14)]
        case .macd, .macdSignal, .macdHistogram: [("fast", 12), ("slow", 26), ("signal", 9)]
        case .upperBand, .middleBand, .lowerBand: [("n", 20), ("deviations", 2)]
        case .obv: []
        case .stochasticK, .stochasticD: [("n", 14), ("k", 3), ("d", 3)]
        }
    }

    /// The description that the engine gives of it.
    private var engineName: String {
        switch self {
        case .macd, .macdSignal, .macdHistogram: "macd_12_26_9"
        case .upperBand, .middleBand, .lowerBand: "bollinger_20_2"
        case .plusDI14, .minusDI14: "di14"
        case .stochasticK, .stochasticD: "stochastic_14_3_3"
        default: rawValue
        }
    }

    private var memory: Memory {
        switch self {
        case .ema20: .exponential(20)
        case .ema50: .exponential(50)
        case .ema200: .exponential(200)
        case .macd, .macdSignal, .macdHistogram: .exponential(26)
        case .rsi14, .atr14, .plusDI14, .minusDI14, .dx14: .wilder(14)
        // The average of what is itself one: the later seed fades as slowly, and later.
        case .adx14: .wilder(14)
        default: .window
        }
    }

    private var description: IndicatorDescription? {
        IndicatorDescription.catalog.first { $0.name == engineName }
    }

    var formula: String { description?.formula ?? "" }
    /// Index, from 0, of the first candle with a value.
    var lookBack: Int { (description?.lookBack ?? 1) - 1 }
    var firstStable: Int { lookBack + memory.candles }
}

/// All of them, streamed over one series.
struct IndicatorStream {
    private var sma20 = SMA(20)
    private var sma50 = SMA(50)
    private var sma200 = SMA(200)
    private var ema20 = EMA(20)
    private var standard = StandardIndicators()

    /// By the order of `IndicatorName.allCases`.
    mutating func update(_ bar: Bar) -> [Double?] {
        let values = standard.update(bar)
        let direction = values.directional14
        return [
            sma20.update(bar.close), sma50.update(bar.close), sma200.update(bar.close),
            ema20.update(bar.close),
            values.ema50, values.ema200, values.rsi14, values.macd?.macd, values.macd?.signal,
            values.macd?.histogram, values.bollinger20?.upper, values.bollinger20?.middle,
            values.bollinger20?.lower, values.atr14, direction.plusDI, direction.minusDI, direction.dx,
            direction.adx, values.obv, values.stochastic?.k, values.stochastic?.d,
        ]
    }
}
