import Indicators
import Kernel

extension Signal {
    static func blank(_ model: GradeModel, _ direction: Direction) -> Signal {
        let time = Timestamp(microseconds: 0)
        return Signal(
            model: model, direction: direction, decisionCandle: time, decidedAt: time, decisionClose: 0,
            grade: 0, dataQuality: 0, missingLast100: 0, reason: "", gate: .off, conditions: [], atr14: nil,
            stopRanges: nil, support: nil,
            confidence: Confidence(dataQuality: 0, history: nil, agreement: nil),
            divergence: Divergence(volume: nil, sentiment: nil, numbers: []), costPerSide: 0)
    }

    mutating func walk(_ state: inout StateWalk) {
        var after = walkDecision(&state)
        after.state = self.state
        (after.fill, after.end, after.exitFill, after.track) = (fill, end, exitFill, track)
        after.walkCourse(&state)
        self = after
    }

    /// What never changes.
    private func walkDecision(_ state: inout StateWalk) -> Signal {
        var (model, direction, reason, gate, conditions) = (model, direction, reason, gate, conditions)
        var (candle, decidedAt, close, grade) = (decisionCandle, decidedAt, decisionClose, grade)
        var (quality, missing, atr14, ranges) = (dataQuality, missingLast100, atr14, stopRanges)
        var (support, confidence, divergence, cost) = (support, confidence, divergence, costPerSide)
        state.pass(&model)
        state.pass(&direction)
        state.pass(&candle)
        state.pass(&decidedAt)
        state.pass(&close)
        state.pass(&grade)
        state.pass(&quality)
        state.pass(&missing)
        state.pass(&reason)
        gate.walk(&state)
        state.pass(&conditions, blank: .blank, atMost: BearishCondition.Kind.allCases.count) {
            $1.walk(&$0)
        }
        state.pass(&atr14)
        state.pass(&ranges)
        state.pass(&support)
        state.pass(&confidence.dataQuality)
        state.pass(&confidence.history)
        state.pass(&confidence.agreement)
        state.pass(&divergence.volume)
        state.pass(&divergence.sentiment)
        BearishCondition.Number.walk(&divergence.numbers, &state)
        state.pass(&cost)
        return Signal(
            model: model, direction: direction, decisionCandle: candle, decidedAt: decidedAt,
            decisionClose: close, grade: grade, dataQuality: quality, missingLast100: missing,
            reason: reason, gate: gate, conditions: conditions, atr14: atr14, stopRanges: ranges,
            support: support, confidence: confidence, divergence: divergence, costPerSide: cost)
    }

    /// What came to it.
    private mutating func walkCourse(_ state: inout StateWalk) {
        let time = Timestamp(microseconds: 0)
        let none = Fill(price: 0, at: time)
        state.pass(&self.state)
        state.pass(&fill, blank: none) { $1.walk(&$0) }
        state.pass(&exitFill, blank: none) { $1.walk(&$0) }
        state.pass(&end, blank: End(candle: time, at: time, close: 0, reason: "")) { state, end in
            state.pass(&end.candle)
            state.pass(&end.at)
            state.pass(&end.close)
            state.pass(&end.reason)
        }
        state.pass(&track, blank: HoldingTrack(entry: none, costPerSide: 0)) { $1.walk(&$0) }
    }
}

extension Signal.Fill {
    fileprivate mutating func walk(_ state: inout StateWalk) {
        state.pass(&price)
        state.pass(&at)
    }
}
