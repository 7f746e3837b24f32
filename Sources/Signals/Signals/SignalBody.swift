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
        w.field("missing_last_100", signal.missingLast100)
        w.field("fill_at", signal.fill?.at.description)
        w.field("fill_open", signal.fill?.price)
        w.field("exit_at", signal.exitFill?.at.description)
        w.field("exit_open", signal.exitFill?.price)
    }

    private func writeROI(_ w: inout JSONWriter) {
        guard let roi = signal.roi else { return w.null("roi") }
        w.object("roi") { w in roi.write(interval, costPerSide: signal.costPerSide, to: &w) }
    }

    /// Whether two bodies of one signal say the same but for what it brought so far.
    static func differOnlyInPrice(_ a: String, _ b: String) -> Bool {
        withoutReturns(Array(a.utf8)) == withoutReturns(Array(b.utf8))
    }

    private static func withoutReturns(_ body: [UInt8]) -> [UInt8] {
        let mark = Array(#""roi":{"#.utf8)
        let begin = body.indices.first { body[$0...].starts(with: mark) }
        guard let begin, let end = body[begin...].firstIndex(of: UInt8(ascii: "}")) else { return body }
        return Array(body[..<begin] + body[end...])
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
