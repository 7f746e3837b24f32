package import Kernel

/// What one closed candle brought to its series.
package struct BarOutcome: Equatable, Sendable {
    /// Open time of the candle.
    package var time: Timestamp
    package var grade: Grade?
    package var changes: [SignalChange]
}

/// All that is computed of one series, candle by candle: the same from a batch, from a stream, and from any
/// copy that was kept on the way.
package struct SeriesAnalysis: Equatable, Sendable {
    /// A closed candle and what the market said at its close.
    package struct Step: Equatable, Sendable {
        package var candle: Candle
        package var gate: GateReading

        package init(_ candle: Candle, _ gate: GateReading) {
            self.candle = candle
            self.gate = gate
        }
    }

    private var grades: TraderGrade
    private var rule: SignalRule
    /// Open time of the last candle.
    package private(set) var time: Timestamp?

    package init(_ interval: Interval, settings: SignalSettings = SignalSettings()) {
        grades = TraderGrade(interval)
        rule = SignalRule(interval, settings: settings)
    }

    /// The signals that are open now, with returns to the last candle.
    package var openSignals: [Signal] { rule.open }

    /// The open signals that go stale when no candle has come by `now`.
    package func stale(at now: Timestamp) -> [Signal] { rule.stale(at: now) }

    /// Candles come in the order of time, closed ones only.
    package mutating func update(_ step: Step) -> BarOutcome {
        precondition(step.candle.closed, "only closed candles count")
        precondition(time.map { $0 < step.candle.openTime } ?? true, "candles come in the order of time")
        time = step.candle.openTime
        let grade = grades.update(step.candle)
        let changes = rule.update(step.candle, grade: grade, gate: step.gate)
        return BarOutcome(time: step.candle.openTime, grade: grade, changes: changes)
    }

    /// The outcomes of many candles; unclosed ones are passed over.
    package mutating func update(_ candles: some Collection<Candle>, gate: MarketGate?) -> [BarOutcome] {
        var outcomes: [BarOutcome] = []
        outcomes.reserveCapacity(candles.count)
        for candle in candles where candle.closed {
            outcomes.append(update(Step(candle, gate?.reading(at: candle.openTime) ?? .noSeries)))
        }
        return outcomes
    }
}
