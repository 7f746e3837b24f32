import Indicators
package import Kernel

/// The signal state machine of one series: one update a closed candle, made of that candle and those before
/// it only.
///
/// Bullish is the grade's regime (v0: from 70, v1: from 75, until below 50) *and* the market gate, candle by
/// candle. A gate
/// that closes ends the signal; when it opens again in the same regime, a new signal begins. While nobody
/// knows how the market stands, none begins and none ends by it.
package struct SignalRule: Equatable, Sendable {
    private let interval: Interval
    private let model: GradeModel
    private let settings: SignalSettings

    private var last: Candle?
    private var isBullish = false
    /// The conditions that hold now have had their warning: its confidence faded.
    private var isWarningSpent = false
    private var watch = BearishWatch()
    private var bullish: SignalSlot
    private var bearish: SignalSlot
    /// The entry of the newest bullish signal that was filled.
    private var lastEntry: Double?
    private var history = TradeHistory()

    package init(_ interval: Interval, model: GradeModel = .traderV0, settings: SignalSettings? = nil) {
        self.interval = interval
        self.model = model
        self.settings = settings ?? model.settings
        bullish = SignalSlot(.bullish, model)
        bearish = SignalSlot(.bearish, model)
    }

    /// The signals that are open now, with returns to the last candle.
    package var open: [Signal] { [bullish.signal, bearish.signal].compactMap { $0 } }

    /// Those that something will still come to at the next candle.
    var pending: [Signal] { bullish.pending + bearish.pending }

    package mutating func update(
        _ candle: Candle, grade: Grade?, gate reading: GateReading
    ) -> [SignalChange] { update(candle, grade: grade, gate: reading, supplied: .none, around: nil) }

    mutating func update(
        _ candle: Candle, grade: Grade?, gate reading: GateReading, supplied: SuppliedReadings,
        around surroundings: SignalSurroundings?
    ) -> [SignalChange] {
        var changes: [SignalChange] = []
        if let stopped = dataStopped(before: candle.openTime) { changes += goStale(stopped) }
        changes += learn(from: bullish.fill(candle, interval))
        changes += bearish.fill(candle, interval)
        if let entry = bullish.signal?.fill?.price { lastEntry = entry }
        let gate = settings.usesMarketGate ? reading : .off
        let warning = watch.update(candle, grade, netROI: netROI(at: candle.close), supplied)
        if let grade, let warning {
            updateRegime(grade)
            let moment = SignalMoment(
                candle: candle, grade: grade, gate: gate, interval: interval, settings: settings,
                surroundings: surroundings, divergence: warning.divergence(settings))
            changes += decideBullish(moment)
            changes += decideBearish(moment, warning)
        } else if settings.forgetsPoorData {
            isBullish = false
            changes += goStale(Signal.End(ungraded: candle, interval))
        }
        last = candle
        return changes
    }

    /// When `now` is so late that data have stopped: the open signals as stale. A gap seen later says the
    /// same.
    package func stale(at now: Timestamp) -> [Signal] {
        var copy = self
        guard let stopped = dataStopped(before: now) else { return [] }
        return copy.goStale(stopped).map(\.signal)
    }

    /// Where one was left, or where nobody stood by it any longer: what it brought is known then.
    private mutating func learn(from changes: [SignalChange]) -> [SignalChange] {
        for change in changes {
            switch change {
            case .exitFilled(let ended), .stale(let ended): if let net = ended.roi?.net { history.add(net) }
            case .opened, .filled, .closed: break
            }
        }
        return changes
    }

    private mutating func updateRegime(_ grade: Grade) {
        if grade.value >= settings.bullishFrom { isBullish = true }
        let isPoor = settings.forgetsPoorData && grade.dataQuality < settings.leastDataQuality
        // Said so, and not by `<`, what is no number holds nothing up.
        let holds = grade.value >= settings.neutralBelow
        if !holds || isPoor { isBullish = false }
    }

    private func netROI(at close: Double) -> Double? {
        lastEntry.map { close / $0 * (1 - settings.costPerSide) * (1 - settings.costPerSide) - 1 }
    }
}

// MARK: Decisions

extension SignalRule {
    private mutating func decideBullish(_ moment: SignalMoment) -> [SignalChange] {
        let settings = moment.settings
        if bullish.signal != nil {
            let isFading = moment.grade.dataQuality < settings.leastDataQuality
            if settings.forgetsPoorData && isFading { return learn(from: bullish.fade(moment)) }
            if !isBullish { return bullish.close(moment, "grade under \(Self.whole(settings.neutralBelow))") }
            if moment.gate.isClosed { return bullish.close(moment, moment.gate.message) }
            return learn(from: fadeBullish(moment))
        }
        let holds = isBullish && moment.gate.isOpen && moment.grade.dataQuality >= settings.leastDataQuality
        guard bullish.mayOpen(settings.cooldownCandles), holds else { return [] }
        let (from, below) = (Self.whole(settings.bullishFrom), Self.whole(settings.neutralBelow))
        let crossed = moment.grade.value >= settings.bullishFrom
        let held = "grade was \(from) and has not been under \(below)"
        let reason = crossed ? "grade at \(from) or above" : held
        let score = history.score(pool: model.poolProfitFactor(interval))
        return bullish.open(moment, reason, history: score)
    }

    private mutating func fadeBullish(_ moment: SignalMoment) -> [SignalChange] {
        let faded = bullish.fade(moment)
        if !faded.isEmpty { return faded }
        let doubted = bullish.doubt(moment)
        // It takes a new occasion: the grade's regime begins anew.
        if !doubted.isEmpty { isBullish = false }
        return doubted
    }

    private mutating func decideBearish(
        _ moment: SignalMoment, _ warning: BearishReading
    ) -> [SignalChange] {
        let settings = moment.settings
        let count = warning.count(settings)
        if count < settings.bearishConditions {
            isWarningSpent = false
            return bearish.close(moment, Self.conditions(count))
        }
        if bearish.signal != nil {
            let faded = bearish.fade(moment)
            if !faded.isEmpty { return faded }
            let doubted = bearish.doubt(moment)
            if !doubted.isEmpty { isWarningSpent = true }
            return doubted
        }
        let holds = !isWarningSpent && moment.grade.dataQuality >= settings.leastDataQuality
        guard bearish.mayOpen(settings.cooldownCandles), holds else { return [] }
        return bearish.open(moment, Self.conditions(count), conditions: warning.conditions(settings))
    }

    private static func conditions(_ count: Int) -> String {
        "\(count) of \(BearishCondition.Kind.allCases.count) conditions"
    }

    private static func whole(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value))" : "\(value)"
    }
}

// MARK: Data that stop

extension SignalRule {
    /// The moment from which open signals are stale, if it lies at or before the next thing known.
    private func dataStopped(before next: Timestamp) -> Timestamp? {
        guard let last else { return nil }
        let lateFrom =
            interval.close(of: last.openTime) + interval.period * Double(settings.staleAfterMissing)
        return lateFrom <= next ? lateFrom : nil
    }

    private mutating func goStale(_ at: Timestamp) -> [SignalChange] {
        guard let last else { return [] }
        let reason = "no candle after \(last.openTime)"
        return goStale(Signal.End(candle: last.openTime, at: at, close: last.close, reason: reason))
    }

    private mutating func goStale(_ end: Signal.End) -> [SignalChange] {
        learn(from: bullish.goStale(end)) + bearish.goStale(end)
    }
}

extension Signal.End {
    /// Nothing is known to stand by it any longer.
    fileprivate init(ungraded candle: Candle, _ interval: Interval) {
        self.init(
            candle: candle.openTime, at: interval.close(of: candle.openTime), close: candle.close,
            reason: "the candle has no grade")
    }
}

extension SignalRule {
    /// Model, interval and settings are not part of it.
    mutating func walk(_ state: inout StateWalk) {
        state.pass(&last, blank: .blank) { $1.walk(&$0) }
        state.pass(&isBullish)
        state.pass(&isWarningSpent)
        watch.walk(&state)
        bullish.walk(&state)
        bearish.walk(&state)
        state.pass(&lastEntry)
        history.walk(&state)
    }
}
