import JSON
import Kernel

/// What follows from candles alone, in the contract's order: a signal's answer from `direction` to `model`.
struct SignalBody {
    let signal: Signal
    let interval: Interval

    var text: String {
        var w = JSONWriter(capacity: 1_024)
        w.object { w in
            writeDecision(&w)
            w.field("confidence", signal.confidence.value)
            w.object("confidence_parts") { w in
                for part in Confidence.Part.allCases {
                    w.field(part.rawValue, signal.confidence.value(of: part))
                }
            }
            w.object("stop_levels") { w in
                w.field("atr", signal.stopLevel)
                w.field("support", signal.support)
            }
            writeDivergence(&w)
            w.object("gate") { w in
                w.field("open", signal.gate.isOpen)
                w.field("reason", signal.gate.message)
                w.field("time", signal.gate.time?.description)
            }
            w.array("warnings", signal.conditions) { w, condition in Self.write(condition, &w) }
            writeROI(&w)
            let end = signal.end
            w.field("closed_at", signal.state == .closed ? end?.candle.description : nil)
            w.field("close_reason", signal.state == .closed ? end?.reason : nil)
            w.field("stale_at", signal.state == .stale ? end?.candle.description : nil)
            w.field("stale_reason", signal.state == .stale ? end?.reason : nil)
            w.field("model", signal.model.rawValue)
        }
        return w.text
    }

    private func writeDecision(_ w: inout JSONWriter) {
        w.field("direction", signal.direction.rawValue)
        w.field("state", signal.state.rawValue)
        w.field("decided_at", signal.decisionCandle.description)
        w.field("decision_close", signal.decisionClose)
        w.field("decision_grade", signal.grade)
        w.field("fill_at", signal.fill?.at.description)
        w.field("fill_open", signal.fill?.price)
    }

    private func writeROI(_ w: inout JSONWriter) {
        guard let roi = signal.roi else { return w.null("roi") }
        w.object("roi") { w in
            w.field("close", roi.buyAndHold)
            w.field("net", roi.net)
            w.field("peak_high", roi.peakHigh)
            w.field("peak_at", roi.peakAt.description)
            w.field("max_drawdown", roi.maxDrawdown)
            w.field("buy_and_hold", roi.buyAndHold)
            // The figures of a candle are known at its end; the contract names candles by their open time.
            let candle = roi.basis == .close ? roi.asOf - interval.period : roi.asOf
            w.field("as_of", candle.description)
            w.field("cost_bps_a_side", signal.costPerSide * 10_000)
        }
    }

    private func writeDivergence(_ w: inout JSONWriter) {
        w.object("divergence") { w in
            w.field("volume", signal.divergence.volume)
            w.field("sentiment", signal.divergence.sentiment)
            w.object("numbers") { w in
                for number in signal.divergence.numbers { w.field(number.name, number.value) }
            }
        }
    }

    private static func write(_ condition: BearishCondition, _ w: inout JSONWriter) {
        w.object { w in
            w.field("name", condition.kind.rawValue)
            w.field("met", condition.holds)
            w.object("numbers") { w in
                for number in condition.numbers { w.field(number.name, number.value) }
            }
        }
    }
}
