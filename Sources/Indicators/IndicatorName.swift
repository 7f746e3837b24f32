import Glibc

/// A line with its parameters, as people write it: `rsi14`, `sma200`, `macd_signal8_21_5`, `bb_upper20_2.5`.
/// All parameters are written, divided by underscores, or none, which means the usual ones.
package struct IndicatorName: Hashable, Sendable {
    package let line: IndicatorLine
    package let parameters: [Double]
    /// As it was written.
    package let text: String

    package init(_ text: String) throws(IndicatorMistake) {
        let digits = text.firstIndex { $0.isASCII && $0.isNumber } ?? text.endIndex
        guard let line = IndicatorLine(rawValue: String(text[..<digits])) else { throw .unknown(text) }
        let wanted = line.study.parameters
        var parameters = wanted.map(\.standard)
        if digits < text.endIndex {
            let written = text[digits...].split(separator: "_", omittingEmptySubsequences: false)
            parameters = written.compactMap(Self.number)
            guard parameters.count == written.count, parameters.count == wanted.count else {
                throw .parameters(line, wanted)
            }
        }
        for (parameter, value) in zip(wanted, parameters) where !parameter.allows(value) {
            throw .outOfBounds(line, parameter)
        }
        guard line.study != .macd || parameters[0] < parameters[1] else {
            throw .notBelow(line, "fast", "slow")
        }
        (self.line, self.parameters, self.text) = (line, parameters, text)
    }

    /// Digits, and perhaps a point and more digits: no sign, no exponent.
    private static func number(_ text: Substring) -> Double? {
        guard text.count <= 8, text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else {
            return nil
        }
        return text.hasSuffix(".") || text.hasPrefix(".") ? nil : Double(text)
    }

    /// `20_2.5`.
    static func text(_ parameters: [Double]) -> String {
        parameters.map { $0 == $0.rounded() ? String(Int($0)) : String($0) }.joined(separator: "_")
    }

    /// The parameters with their names and bounds.
    package var described: [(parameter: IndicatorParameter, value: Double)] {
        Array(zip(line.study.parameters, parameters)).map { (parameter: $0, value: $1) }
    }
}

extension IndicatorName {
    /// The lines that are shown when no names are given: those of our tables, at the usual parameters.
    package static let standard: [IndicatorName] = [
        "sma20", "sma50", "sma200", "ema20", "ema50", "ema200", "rsi14", "macd", "macd_signal", "macd_hist",
        "bb_upper", "bb_mid", "bb_lower", "tr", "atr14", "natr14", "plus_di14", "minus_di14", "dx14", "adx14",
        "obv", "stoch_k", "stoch_d", "mfi14", "cci20", "roc10", "mom10", "willr14", "stddev20", "max20",
        "min20",
        "wma20", "linreg_slope20", "aroon_down25", "aroon_up25", "ad", "donchian_high20", "donchian_low20",
    ].compactMap { try? IndicatorName($0) }

    /// Index, from 0, of the first bar with a value: the bars that it needs before.
    package var lookBack: Int {
        let n = parameters.first.map { Int($0) } ?? 0
        switch line {
        case .sma, .ema, .wma, .upperBand, .middleBand, .lowerBand, .cci, .williamsR, .standardDeviation,
            .highest, .lowest, .slope:
            return n - 1
        case .rsi, .atr, .natr, .plusDI, .minusDI, .dx, .mfi, .roc, .momentum, .channelHigh, .channelLow,
            .aroonUp, .aroonDown:
            return n
        case .adx: return 2 * n - 1
        case .macd, .macdSignal, .macdHistogram: return Int(parameters[1] + parameters[2]) - 2
        case .stochasticK, .stochasticD: return n + Int(parameters[1] + parameters[2]) - 3
        case .trueRange: return 1
        case .obv, .ad: return 0
        }
    }

    /// Index of the first bar whose value depends on where the series began by less than one part in 10⁹.
    package var firstStable: Int { lookBack + memory }

    /// Bars until the seed of an average weighs less than 1e-9. Where an average is made of averages, the
    /// later one remembers as long again: a share `gain` of each bar that the earlier one still remembers.
    private var memory: Int {
        let n = parameters.first ?? 0
        switch line {
        case .ema: return Self.bars(decay: (n - 1) / (n + 1))
        case .macd: return Self.bars(decay: (parameters[1] - 1) / (parameters[1] + 1))
        case .macdSignal, .macdHistogram:
            let longer = max(parameters[1], parameters[2])
            return Self.bars(decay: (longer - 1) / (longer + 1), gain: 2 / (parameters[2] + 1))
        case .rsi, .atr, .natr, .plusDI, .minusDI, .dx: return Self.bars(decay: (n - 1) / n)
        case .adx: return Self.bars(decay: (n - 1) / n, gain: 1 / n)
        default: return 0
        }
    }

    private static func bars(decay: Double, gain: Double = 0) -> Int {
        var bars = log(1e-9) / log(decay)
        // The factor grows slowly, so a few steps settle it.
        for _ in 0..<20 { bars = (log(1e-9) - log(1 + bars * gain)) / log(decay) }
        return Int(bars.rounded(.up))
    }
}
