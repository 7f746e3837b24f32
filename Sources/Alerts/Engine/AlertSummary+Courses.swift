import Events
import Kernel

/// What a rule waited for, before what happened last.
extension RuleContent {
    /// Of a rule that looks at one event, nothing.
    var lead: String {
        if let window = course.window { return window.words(of: on) }
        if let sequence = course.sequence {
            return "\(sequence.steps.count) steps within \(sequence.within.text), the last: "
        }
        return course.hold.map { "for \($0.text): " } ?? ""
    }
}

extension RuleWindow {
    /// - Parameter patterns: what the rule looks at.
    fileprivate func words(of patterns: [EventPattern]) -> String {
        switch (form, bound) {
        case (.first, _): return "the first in \(within.text): "
        case (.absence, _): return "nothing for \(within.text), the last: "
        case (.rate(let rate, let per), _): return "\(rate) per \(per.text) over \(within.text), the last: "
        case (_, .atLeast(let number)):
            return "\(amount(number, patterns)) within \(within.text), the last: "
        case (_, .below(let number)):
            return "below \(amount(number, patterns)) within \(within.text), the last: "
        }
    }

    private func amount(_ number: Decimal, _ patterns: [EventPattern]) -> String {
        switch measure {
        case .events: number.description
        // How many an event stands for.
        case .sum(let expression) where expression.source == "event.count":
            "\(number) \(Self.noun(of: patterns))"
        case .distinct(let expression), .first(let expression): "\(number) different \(expression.source)"
        case .sum(let expression): "\(number) of \(expression.source)"
        }
    }

    private static func noun(of patterns: [EventPattern]) -> String {
        switch patterns.map(\.text) {
        case [EventType.loginFailed.name]: "failed log-ins"
        case [EventType.accessTokenRefused.name]: "refused access tokens"
        default: "events"
        }
    }
}
