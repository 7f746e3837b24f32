import Indicators
package import Kernel

/// What one closed candle brought to its series.
package struct BarOutcome: Equatable, Sendable {
    /// Open time of the candle.
    package var time: Timestamp
    /// Of each model that is computed; the told one first.
    package var results: [ModelResult]

    /// Of the told model.
    package var grade: Grade? { results.first?.grade }
    package var changes: [SignalChange] { results.first?.changes ?? [] }

    package var grades: [Grade] { results.compactMap(\.grade) }
    package var allChanges: [SignalChange] { results.flatMap(\.changes) }

    package func grade(of model: GradeModel) -> Grade? { results.first { $0.model == model }?.grade }
}

/// All that is computed of one series, candle by candle: the same from a batch, from a stream, and from any
/// copy that was kept on the way.
package struct SeriesAnalysis: Equatable, Sendable {
    /// A closed candle and what the market said at its close.
    package struct Step: Equatable, Sendable {
        package var candle: Candle
        package var gate: GateReading
        package var supplied: SuppliedReadings

        package init(_ candle: Candle, _ gate: GateReading, _ supplied: SuppliedReadings = .none) {
            self.candle = candle
            self.gate = gate
            self.supplied = supplied
        }
    }

    package let models: GradeModels
    private var surroundings: SignalSurroundings
    private var v0: ModelCourse<TraderGrade>?
    private var v1: ModelCourse<TraderGradeV1>?
    /// Open time of the last candle.
    package private(set) var time: Timestamp?

    package init(_ interval: Interval, models: GradeModels = .usual) {
        self.models = models
        surroundings = SignalSurroundings(interval)
        if models.computed.contains(.traderV0) { v0 = ModelCourse(interval, models) }
        if models.computed.contains(.traderV1) { v1 = ModelCourse(interval, models) }
    }

    /// The signals of all models that are open now, with returns to the last candle.
    package var openSignals: [Signal] { rules.flatMap(\.open) }

    /// The signals of all models that something will still come to at the next candle: those that are open,
    /// and those that are left at its open.
    var pendingSignals: [Signal] { rules.flatMap(\.pending) }

    /// The open signals that go stale when no candle has come by `now`.
    package func stale(at now: Timestamp) -> [Signal] { rules.flatMap { $0.stale(at: now) } }

    /// The levels at the close of the last candle.
    package var levels: Levels? { surroundings.levels.levels }

    /// What the last candle did at the levels as they stood before it.
    package func levelMoves(from before: Levels?) -> [LevelMove] { surroundings.levels.moves(from: before) }

    private var rules: [SignalRule] { [v0?.rule, v1?.rule].compactMap { $0 } }

    /// Candles come in the order of time, closed ones only.
    package mutating func update(_ step: Step) -> BarOutcome {
        precondition(step.candle.closed, "only closed candles count")
        precondition(time.map { $0 < step.candle.openTime } ?? true, "candles come in the order of time")
        time = step.candle.openTime
        surroundings.update(step.candle)
        var outcome = BarOutcome(time: step.candle.openTime, results: [])
        outcome.results.reserveCapacity(models.computed.count)
        for model in models.computed {
            let result =
                switch model {
                case .traderV0: v0?.update(step, around: surroundings)
                case .traderV1: v1?.update(step, around: surroundings)
                }
            if let result { outcome.results.append(result) }
        }
        return outcome
    }

    /// The outcomes of many candles; unclosed ones are passed over.
    package mutating func update(_ candles: some Collection<Candle>, gate: MarketGate?) -> [BarOutcome] {
        update(candles, SeriesFeed(gate: gate))
    }

    mutating func update(_ candles: some Collection<Candle>, _ feed: SeriesFeed) -> [BarOutcome] {
        var outcomes: [BarOutcome] = []
        outcomes.reserveCapacity(candles.count)
        for candle in candles where candle.closed { outcomes.append(update(feed.step(candle))) }
        return outcomes
    }
}

/// What the candles of a series are read beside: the market's gate, and what other rooms know of the token.
struct SeriesFeed {
    var gate: MarketGate?
    var supplied = SuppliedCourse.none

    func step(_ candle: Candle) -> SeriesAnalysis.Step {
        SeriesAnalysis.Step(
            candle, gate?.reading(at: candle.openTime) ?? .noSeries, supplied.reading(at: candle.openTime))
    }
}

// MARK: As bytes

/// A version, the models with their parameters, the state, a checksum. What is restored goes on with the same
/// bits.
extension SeriesAnalysis {
    /// Raised whenever what is kept, or what is made of it, changes: older snapshots are ignored then.
    private static let version: UInt64 = 3

    package func snapshot() -> [UInt8] {
        var state = StateWalk()
        var (version, mark) = (Self.version, Self.mark(models))
        state.pass(&version)
        state.pass(&mark)
        var copy = self
        copy.walk(&state)
        var sum = IndicatorSet.checksum(state.bytes[...])
        state.pass(&sum)
        return state.bytes
    }

    /// Nil for bytes that are damaged, or of another version, of other models or of other parameters.
    package init?(_ interval: Interval, models: GradeModels, restoring bytes: [UInt8]) {
        self.init(interval, models: models)
        guard bytes.count >= 24 else { return nil }
        var end = StateWalk(restoring: Array(bytes.suffix(8)))
        var (sum, version, mark): (UInt64, UInt64, UInt64) = (0, 0, 0)
        end.pass(&sum)
        guard sum == IndicatorSet.checksum(bytes.dropLast(8)) else { return nil }
        var state = StateWalk(restoring: Array(bytes.dropLast(8)))
        state.pass(&version)
        state.pass(&mark)
        guard version == Self.version, mark == Self.mark(models) else { return nil }
        walk(&state)
        guard state.isComplete else { return nil }
    }

    private static func mark(_ models: GradeModels) -> UInt64 {
        var names = models.computed.map { "\($0.rawValue) \($0.parameterHash)" }
        if !models.usesMarketGate { names.append("no market gate") }
        return IndicatorSet.checksum(Array(names.joined(separator: ",").utf8)[...])
    }

    private mutating func walk(_ state: inout StateWalk) {
        state.pass(&time)
        surroundings.walk(&state)
        v0?.walk(&state)
        v1?.walk(&state)
    }
}
