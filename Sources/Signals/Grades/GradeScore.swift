/// What a component says at one candle.
enum GradeScore: Equatable, Sendable {
    /// Not enough candles: its weight is shared among the others.
    case missing
    /// Enough candles, but the formula divides zero by zero: says nothing either way.
    case neutral
    case value(Double)

    var points: Double? {
        switch self {
        case .missing: nil
        case .neutral: 50
        case .value(let points): points
        }
    }
}

extension GradeComponentKind {
    func score(_ inputs: GradeInputs) -> GradeScore {
        guard inputs.bars >= lookBack else { return .missing }
        // Numbers near the end of a double's range may come to no number on the way: no answer either.
        guard let points = points(inputs), points.isFinite else { return .neutral }
        return .value(points)
    }

    private func points(_ inputs: GradeInputs) -> Double? {
        switch self {
        case .rsi: inputs.rsi14.map { 100 * clamp(($0 - 30) / 40) }
        case .macd: macd(inputs)
        case .emaOrder: emaOrder(inputs)
        case .directionalStrength: directionalStrength(inputs)
        case .breakout: breakout(inputs)
        case .volumeSpike: inputs.volumeScore3
        case .volatilityRegime: inputs.volatilityRank.map { 100 - 100 * $0 }
        }
    }

    private func macd(_ inputs: GradeInputs) -> Double? {
        guard let histogram = inputs.macdHistogram, let range = inputs.atr14, range > 0 else { return nil }
        return 50 + 50 * clip(histogram / (0.25 * range))
    }

    /// Three exact ties are a price that never moved, not a falling one.
    private func emaOrder(_ inputs: GradeInputs) -> Double? {
        guard let fast = inputs.ema20, let middle = inputs.ema50, let slow = inputs.ema200 else { return nil }
        if inputs.close == fast && fast == middle && middle == slow { return nil }
        let steps = [inputs.close > fast, fast > middle, middle > slow].count { $0 }
        return 100 / 3 * Double(steps)
    }

    private func directionalStrength(_ inputs: GradeInputs) -> Double? {
        guard let plus = inputs.plusDI14, let minus = inputs.minusDI14, let adx = inputs.adx14,
            plus + minus > 0
        else { return nil }
        return 50 + 50 * clip(2 * (plus - minus) / (plus + minus) * min(1, adx / 25))
    }

    private func breakout(_ inputs: GradeInputs) -> Double? {
        guard let highest = inputs.highest20, let lowest = inputs.lowest20, highest > lowest else {
            return nil
        }
        return 100 * clamp((inputs.close - lowest) / (highest - lowest))
    }
}

private func clamp(_ value: Double) -> Double { min(max(value, 0), 1) }
private func clip(_ value: Double) -> Double { min(max(value, -1), 1) }
