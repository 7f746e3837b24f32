import Access
import Exchanges
import JSON
import Kernel

/// One line of a journal.
enum AwayEntry {
    case began(AwayBeginning)
    case use(AwayUse)
    case outcome(AwayOutcome)
    case ended(AwayEnding)
}

struct AwayBeginning: Equatable {
    let journal: AwayJournalID
    let node: NodeID
    let at: Timestamp
    /// Authority as the node knew it.
    let epoch: Int64
    let keys: Int
}

/// What became of a use; it may be missing.
struct AwayOutcome: Equatable {
    let usage: UsageID
    let at: Timestamp
    let outcome: UsageRecord.Outcome
    let status: Int?
    let code: String?
    let microseconds: Int64
    /// Of its charges, those that did not happen.
    var refunds: [AwayTally.Charge] = []
}

struct AwayEnding: Equatable {
    let at: Timestamp
    let reason: String
}

// MARK: Writing

extension AwayEntry: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            switch self {
            case .began(let beginning): beginning.write(to: &w)
            case .use(let use): use.write(to: &w)
            case .outcome(let outcome): outcome.write(to: &w)
            case .ended(let ending):
                w.field("kind", "ended")
                w.field("at", ending.at.microseconds)
                w.field("reason", ending.reason)
            }
        }
    }
}

extension AwayBeginning {
    fileprivate func write(to w: inout JSONWriter) {
        w.field("kind", "began")
        w.field("journal", journal.description)
        w.field("node", node.description)
        w.field("at", at.microseconds)
        w.field("epoch", epoch)
        w.field("keys", keys)
    }
}

extension AwayOutcome {
    fileprivate func write(to w: inout JSONWriter) {
        w.field("kind", "outcome")
        w.field("usage", usage.description)
        w.field("at", at.microseconds)
        w.field("outcome", outcome.rawValue)
        w.field("status", status)
        w.field("code", code)
        w.field("microseconds", microseconds)
        if !refunds.isEmpty { w.array("refunds", refunds) { $1.write(to: &$0) } }
    }
}

// MARK: Reading

extension AwayEntry {
    private static let limits = JSONLimits(textBytes: 1 << 18)

    /// Nil: no line of ours.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes, limits: Self.limits) else { return nil }
        let entry: AwayEntry? =
            switch value["kind"]?.asString {
            case "began": AwayBeginning(value).map { .began($0) }
            case "use": AwayUse(value).map { .use($0) }
            case "outcome": AwayOutcome(value).map { .outcome($0) }
            case "ended": AwayEnding(value).map { .ended($0) }
            default: nil
            }
        guard let entry else { return nil }
        self = entry
    }
}

extension AwayBeginning {
    fileprivate init?(_ value: JSONValue) {
        guard let journal = value["journal"]?.asString.flatMap({ AwayJournalID($0) }),
            let node = value["node"]?.asString.flatMap({ NodeID($0) }), let at = value["at"]?.time,
            let epoch = value["epoch"]?.asInt, let keys = value["keys"]?.asInt
        else { return nil }
        self.init(journal: journal, node: node, at: at, epoch: epoch, keys: Int(keys))
    }
}

extension AwayOutcome {
    fileprivate init?(_ value: JSONValue) {
        guard let usage = value["usage"]?.asString.flatMap({ UsageID($0) }), let at = value["at"]?.time,
            let outcome = value["outcome"]?.asString.flatMap({ UsageRecord.Outcome(rawValue: $0) }),
            let microseconds = value["microseconds"]?.asInt
        else { return nil }
        self.init(
            usage: usage, at: at, outcome: outcome, status: value["status"]?.asInt.map { Int($0) },
            code: value["code"]?.asString, microseconds: microseconds,
            refunds: value["refunds"]?.asArray?.compactMap { AwayTally.Charge($0) } ?? [])
    }
}

extension AwayEnding {
    fileprivate init?(_ value: JSONValue) {
        guard let at = value["at"]?.time, let reason = value["reason"]?.asString else { return nil }
        self.init(at: at, reason: reason)
    }
}

extension JSONValue {
    /// Microseconds since 1970.
    var time: Timestamp? { asInt.map { Timestamp(microseconds: $0) } }
}
