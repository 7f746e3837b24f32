package import Access
package import Events
import Expressions
package import JSON
package import Kernel

package enum Severity: String, CaseIterable, Sendable { case info, warning, critical }

/// What a rule says: a version of it.
package struct RuleContent: Equatable, Sendable {
    package var name: String
    package var severity: Severity
    package var on: [EventPattern]
    /// Nil: every event of `on` fires.
    package var when: Condition?
    /// What is one alert; empty makes one of the whole rule.
    package var groupBy: [FieldPath]
    package var cooldown: Cooldown?
    /// Firings of a minute that are told one by one; the others come as one digest. Nil: all.
    package var digestAbove: Int?
    package var labels: JSONObject
    package var sendTo: [WebhookID]
    package var isSecurity: Bool
    /// Whether it takes events about old or revised candles too.
    package var isRetroactive: Bool
    package var course = RuleCourse()
    package var actions = RuleActions()
    /// What to do when it fires, in one sentence.
    package var advice: String?

    /// How long further firings of a group are only counted; kept as written.
    package struct Cooldown: Equatable, Sendable {
        package let text: String
        package let period: Period

        /// `^[1-9][0-9]{0,5}[smhdw]$`, at most 10 years.
        package init?(_ text: String) {
            guard let period = Period(text), period.microseconds > 0, text.first != "0", text.utf8.count <= 7,
                period < .days(3_653)
            else { return nil }
            (self.text, self.period) = (text, period)
        }
    }

    package func takes(_ type: EventType) -> Bool {
        type.isOpenToRules && on.contains { $0.matches(type) }
    }

    /// Whether it is over closes of candles, which are written for such rules alone.
    package var isOverMarket: Bool { on.contains(.market) }

    /// Whether an event alone decides, in the transaction that writes it.
    package var isPoint: Bool { !course.isStateful && when?.remembers != true }

    /// Whether the same events mean the same to both.
    func watches(asDoes other: RuleContent) -> Bool {
        on == other.on && when == other.when && groupBy == other.groupBy
            && isRetroactive == other.isRetroactive && course.window == other.course.window
            && course.sequence == other.course.sequence && course.hold == other.course.hold
            && course.recoverWhen == other.course.recoverWhen
            && course.noDataAfter == other.course.noDataAfter
    }

    static let digestAboveAtMost = 10_000

    func isOver(at time: Timestamp) -> Bool { course.expiresAt.map { $0 <= time } ?? false }

    /// Whether one of its event types is about security: then so is the rule.
    package var concernsSecurity: Bool { on.contains { $0.types.contains(where: \.isSecurity) } }
}

/// What a rule says about one event.
package enum RuleVerdict: Equatable, Sendable {
    case fires
    case silent
    /// It fired before, and is well again: of several events.
    case resolves
    /// The condition cannot be evaluated: neither of both.
    case error(String)

    package var name: String {
        switch self {
        case .fires: "fires"
        case .silent: "silent"
        case .resolves: "resolves"
        case .error: "error"
        }
    }

    package var error: String? {
        if case .error(let message) = self { message } else { nil }
    }
}

extension RuleContent {
    /// - Parameter view: the event as `EventView` gives it, or as a test case writes it.
    package func verdict(on type: EventType, _ view: JSONObject) -> RuleVerdict {
        guard takes(type) else { return .silent }
        if !isRetroactive, view["retroactive"] == true { return .silent }
        switch when?.evaluate(view) {
        case nil, .holds: return .fires
        case .fails: return .silent
        case .error(let message): return .error(message)
        }
    }

    /// Names of `group_by` with their values; null where the event has none.
    package func group(of view: JSONObject) -> JSONObject {
        var group = JSONObject()
        for path in groupBy {
            _ = group.append(path.description, path.value(in: view).map(Self.plain) ?? .null)
        }
        return group
    }

    /// Numbers that are equal in conditions are one value, however they are written.
    private static func plain(_ value: JSONValue) -> JSONValue {
        switch value {
        case .null, .bool, .string: return value
        case .number, .array, .object:
            guard case .value(let read) = Value.json(value) else { return value }
            return read.json
        }
    }
}
