import Kernel

/// What a rule waited for, before what happened last.
extension RuleContent {
    /// Of a rule that looks at one event, nothing.
    var lead: String {
        if let window = course.window { return window.words }
        if let sequence = course.sequence {
            return "\(sequence.steps.count) steps within \(sequence.within.text), the last: "
        }
        return course.hold.map { "for \($0.text): " } ?? ""
    }
}

extension RuleWindow {
    fileprivate var words: String {
        switch (form, bound) {
        case (.first, _): return "the first in \(within.text): "
        case (.absence, _): return "nothing for \(within.text), the last: "
        case (.rate(let rate, let per), _): return "\(rate) per \(per.text) over \(within.text), the last: "
        case (_, .atLeast(let number)): return "\(amount(number)) within \(within.text), the last: "
        case (_, .below(let number)): return "below \(amount(number)) within \(within.text), the last: "
        }
    }

    private func amount(_ number: Decimal) -> String {
        switch measure {
        case .events: number.description
        case .distinct(let expression), .first(let expression): "\(number) different \(expression.source)"
        case .sum(let expression): "\(number) of \(expression.source)"
        }
    }
}
