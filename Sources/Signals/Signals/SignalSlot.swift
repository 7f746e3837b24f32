import Indicators

/// What is known when a candle closes.
struct SignalMoment {
    let candle: Candle
    let grade: Grade
    let gate: GateReading
    let interval: Interval
    let settings: SignalSettings
    /// Nil where a rule is asked alone, without a series.
    let surroundings: SignalSurroundings?
    let divergence: Divergence

    /// The part of the voters that says the same as a signal, 0 to 100; nil where nobody can tell.
    func agreement(with direction: Signal.Direction) -> Double? {
        surroundings?.votes(gate).share(saying: direction == .bullish).map { 100 * $0 }
    }
}

/// The place of one direction's signal: at most one is open, and the one before may still wait for its exit.
struct SignalSlot: Equatable, Sendable {
    private let direction: Signal.Direction
    private let model: GradeModel
    private(set) var signal: Signal?
    /// Ended at the last candle: leaves at the next open.
    private var leaving: Signal?
    /// Candles since the last end; nil when nothing has ended yet.
    private var candlesSinceEnd: Int?

    init(_ direction: Signal.Direction, _ model: GradeModel) {
        (self.direction, self.model) = (direction, model)
    }

    /// What something will still come to at the next candle.
    var pending: [Signal] { [signal, leaving].compactMap { $0 } }

    func mayOpen(_ cooldown: Int) -> Bool {
        guard signal == nil else { return false }
        return candlesSinceEnd.map { $0 > cooldown } ?? true
    }

    /// The open of a new candle is where the last decision is executed.
    mutating func fill(_ candle: Candle, _ interval: Interval) -> [SignalChange] {
        candlesSinceEnd = candlesSinceEnd.map { $0 + 1 }
        let fill = Signal.Fill(price: candle.open, at: candle.openTime)
        var changes: [SignalChange] = []
        if var left = leaving {
            left.exitFill = fill
            leaving = nil
            changes.append(.exitFilled(left))
        }
        // In its place: a signal is large, and each candle comes by here.
        guard let costPerSide = signal?.costPerSide else { return changes }
        let isFirst = signal?.fill == nil
        if isFirst {
            signal?.fill = fill
            signal?.track = HoldingTrack(entry: fill, costPerSide: costPerSide)
        }
        signal?.track?.update(candle, interval)
        if isFirst, let signal { changes.append(.filled(signal)) }
        return changes
    }

    mutating func open(
        _ moment: SignalMoment, _ reason: String, history: Double? = nil,
        conditions: [BearishCondition] = []
    ) -> [SignalChange] {
        let isBullish = direction == .bullish
        let support = isBullish ? moment.surroundings?.levels.levels?.nearestSupport?.price : nil
        let opened = Signal(
            model: model, direction: direction, decisionCandle: moment.candle.openTime,
            decidedAt: moment.interval.close(of: moment.candle.openTime), decisionClose: moment.candle.close,
            grade: moment.grade.value, dataQuality: moment.grade.dataQuality,
            missingLast100: moment.grade.missingLast100, reason: reason, gate: moment.gate,
            conditions: conditions, atr14: moment.grade.inputs.atr14,
            stopRanges: isBullish ? moment.settings.stopRanges : nil, support: support,
            confidence: Confidence(
                dataQuality: moment.grade.dataQuality, history: history,
                agreement: moment.agreement(with: direction)),
            divergence: moment.divergence, costPerSide: moment.settings.costPerSide)
        signal = opened
        return [.opened(opened)]
    }

    /// - Parameter reason: put into words only where a signal ends: each candle comes by here.
    mutating func close(_ moment: SignalMoment, _ reason: @autoclosure () -> String) -> [SignalChange] {
        guard var held = signal else { return [] }
        held.state = .closed
        held.end = end(moment, reason())
        signal = nil
        leaving = held
        candlesSinceEnd = 0
        return [.closed(held)]
    }

    /// Too little is known to stand by it any longer.
    mutating func fade(_ moment: SignalMoment) -> [SignalChange] {
        let least = moment.settings.leastDataQuality
        guard moment.grade.dataQuality < least else { return [] }
        return goStale(end(moment, "data quality \(moment.grade.dataQuality) under \(least)"))
    }

    /// Too little is left of what it was decided with: of the same history, with the data and the voters of
    /// now.
    mutating func doubt(_ moment: SignalMoment) -> [SignalChange] {
        guard let then = signal?.confidence else { return [] }
        let now = Confidence(
            dataQuality: moment.grade.dataQuality, history: then.history,
            agreement: moment.agreement(with: direction))
        guard then.value - now.value >= moment.settings.mostDoubt else { return [] }
        let (fell, from) = (Self.tenths(now.value), Self.tenths(then.value))
        return goStale(end(moment, "confidence fell from \(from) to \(fell)"))
    }

    private static func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    mutating func goStale(_ end: Signal.End) -> [SignalChange] {
        guard var held = signal else { return [] }
        held.state = .stale
        held.end = end
        signal = nil
        candlesSinceEnd = 0
        return [.stale(held)]
    }

    private func end(_ moment: SignalMoment, _ reason: String) -> Signal.End {
        Signal.End(
            candle: moment.candle.openTime, at: moment.interval.close(of: moment.candle.openTime),
            close: moment.candle.close, reason: reason)
    }
}

extension SignalSlot {
    mutating func walk(_ state: inout StateWalk) {
        let blank = Signal.blank(model, direction)
        state.pass(&signal, blank: blank) { $1.walk(&$0) }
        state.pass(&leaving, blank: blank) { $1.walk(&$0) }
        state.pass(&candlesSinceEnd, blank: 0) { $0.pass(&$1) }
    }
}
