import Indicators

/// Streams what the bearish conditions need beside the grade.
struct BearishWatch: Equatable, Sendable {
    private var closes = Window(6)
    private var volumes = Window(20)
    private var channel = DonchianChannel(10)
    private var wasUnder: Bool?

    /// `netROI` is that of the latest bullish signal's entry to this close.
    mutating func update(
        _ candle: Candle, _ grade: Grade?, netROI: Double?, _ supplied: SuppliedReadings
    ) -> BearishReading? {
        closes.push(candle.close)
        volumes.push(candle.volume)
        let lowest = channel.update(candle.bar)?.lowest
        guard let grade else {
            wasUnder = nil
            return nil
        }
        var reading = BearishReading(
            grade: grade.value, netROI: netROI, inputs: grade.inputs, lowest10: lowest, supplied: supplied)
        if volumes.isFull {
            reading.volumeMean5 = volumes.sum(last: 5) / 5
            reading.volumeMean20 = volumes.sum / 20
        }
        if closes.isFull { reading.return5 = closes.ago(0) / closes.ago(5) - 1 }
        reading.crossedUnder = wasUnder == false && reading.isUnder == true
        wasUnder = reading.isUnder
        return reading
    }
}

/// The numbers behind the five conditions at one candle. The conditions themselves are spelled out only for a
/// warning: most candles are far from one.
struct BearishReading: Equatable, Sendable {
    var grade: Double
    var netROI: Double?
    var inputs: GradeInputs
    var lowest10: Double?
    var supplied: SuppliedReadings
    var volumeMean5: Double?
    var volumeMean20: Double?
    var return5: Double?
    /// EMA20 is under EMA50 and was not at the candle before.
    var crossedUnder = false

    var isUnder: Bool? {
        guard let fast = inputs.ema20, let slow = inputs.ema50 else { return nil }
        return fast < slow
    }

    func count(_ settings: SignalSettings) -> Int {
        BearishCondition.Kind.allCases.count { holds($0, settings) == true }
    }

    func conditions(_ settings: SignalSettings) -> [BearishCondition] {
        BearishCondition.Kind.allCases.map { kind in
            BearishCondition(kind: kind, holds: holds(kind, settings), numbers: numbers(kind))
        }
    }

    private func holds(_ kind: BearishCondition.Kind, _ settings: SignalSettings) -> Bool? {
        switch kind {
        case .lowGrade: grade < settings.lowGrade
        case .negativeROI: netROI.map { $0 < 0 }
        case .volumeDrying: volumeDries(settings)
        case .bearishCrossover:
            lowest10 == nil && isUnder == nil
                ? nil : crossedUnder || lowest10.map { inputs.close < $0 } == true
        case .narrativeFading: supplied.narrative?.isFading
        }
    }

    private func volumeDries(_ settings: SignalSettings) -> Bool? {
        guard let volumeMean5, let volumeMean20, let isHeld = isPriceHeld(settings) else { return nil }
        return volumeMean5 < settings.dryVolume * volumeMean20 && isHeld
    }

    func isPriceHeld(_ settings: SignalSettings) -> Bool? {
        guard let return5, let range = inputs.atr14 else { return nil }
        return abs(return5) < settings.holdingPrice * range / inputs.close
    }

    private func numbers(_ kind: BearishCondition.Kind) -> [BearishCondition.Number] {
        switch kind {
        case .lowGrade: [.init("grade", grade)]
        case .negativeROI: [.init("roi_net", netROI)]
        case .volumeDrying:
            [
                .init("volume_mean5", volumeMean5), .init("volume_mean20", volumeMean20),
                .init("return_5", return5), .init("atr14_part", inputs.atr14.map { $0 / inputs.close }),
            ]
        case .bearishCrossover:
            [
                .init("ema20", inputs.ema20), .init("ema50", inputs.ema50), .init("close", inputs.close),
                .init("lowest10", lowest10),
            ]
        case .narrativeFading:
            [.init("score", supplied.narrative?.score), .init("score_week_ago", supplied.narrative?.weekAgo)]
        }
    }
}

extension BearishWatch {
    mutating func walk(_ state: inout StateWalk) {
        closes.walk(&state)
        volumes.walk(&state)
        channel.walk(&state)
        state.pass(&wasUnder)
    }
}
