import Indicators

/// Streams what the bearish conditions need beside the grade.
struct BearishWatch: Equatable, Sendable {
    private var closes = Window(6)
    private var volumes = Window(20)
    private var channel = DonchianChannel(10)
    private var wasUnder: Bool?

    /// `netROI` is that of the latest bullish signal's entry to this close.
    mutating func update(
        _ candle: Candle, _ grade: Grade?, netROI: Double?, _ settings: SignalSettings
    ) -> [BearishCondition] {
        closes.push(candle.close)
        volumes.push(candle.volume)
        let lowest = channel.update(candle.bar)?.lowest
        let under = grade.flatMap { Self.isUnder($0.inputs) }
        defer { wasUnder = under }
        guard let grade else { return [] }
        return [
            BearishCondition(
                kind: .lowGrade, holds: grade.value < settings.lowGrade,
                numbers: [.init("grade", grade.value)]),
            BearishCondition(
                kind: .negativeROI, holds: netROI.map { $0 < 0 }, numbers: [.init("roi_net", netROI)]),
            volumeDrying(grade.inputs, settings),
            crossover(grade.inputs, under: under, lowest: lowest),
            BearishCondition(kind: .narrativeFading, holds: nil, numbers: []),
        ]
    }

    private static func isUnder(_ inputs: GradeInputs) -> Bool? {
        guard let fast = inputs.ema20, let slow = inputs.ema50 else { return nil }
        return fast < slow
    }

    private func volumeDrying(_ inputs: GradeInputs, _ settings: SignalSettings) -> BearishCondition {
        guard volumes.isFull, closes.isFull, let range = inputs.atr14 else {
            return BearishCondition(kind: .volumeDrying, holds: nil, numbers: [])
        }
        let (mean5, mean20) = (volumes.sum(last: 5) / 5, volumes.sum / 20)
        let change = closes.ago(0) / closes.ago(5) - 1
        let part = range / inputs.close
        let isDry = mean5 < settings.dryVolume * mean20
        return BearishCondition(
            kind: .volumeDrying, holds: isDry && abs(change) < settings.holdingPrice * part,
            numbers: [
                .init("volume_mean5", mean5), .init("volume_mean20", mean20), .init("return_5", change),
                .init("atr14_part", part),
            ])
    }

    /// EMA20 fell under EMA50 at this candle, or the close under the lowest low of the ten before.
    private func crossover(_ inputs: GradeInputs, under: Bool?, lowest: Double?) -> BearishCondition {
        let crossed = wasUnder == false && under == true
        let broke = lowest.map { inputs.close < $0 }
        let isKnown = broke != nil || under != nil
        return BearishCondition(
            kind: .bearishCrossover, holds: isKnown ? crossed || broke == true : nil,
            numbers: [
                .init("ema20", inputs.ema20), .init("ema50", inputs.ema50), .init("close", inputs.close),
                .init("lowest10", lowest),
            ])
    }
}
