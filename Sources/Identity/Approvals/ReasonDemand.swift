import Expressions
package import JSON

/// What a reason must be like, of whoever asks and of whoever approves.
package struct ReasonDemand: Equatable, Sendable {
    /// Of what `Expressions` may spend on one reason; a pattern that needs more is not matched.
    private static let steps = 200_000
    static let characters = 1_000

    package var pattern: String?
    /// Characters at least.
    package var least: Int

    package init(pattern: String? = nil, least: Int = 1) { (self.pattern, self.least) = (pattern, least) }

    /// All that is wrong with the reason, to follow its name.
    package func mistakes(in reason: String?) -> [String] {
        guard let reason, !reason.allSatisfy(\.isWhitespace) else { return ["is required"] }
        guard reason.unicodeScalars.count <= Self.characters else {
            return ["must have at most \(Self.characters) characters"]
        }
        var mistakes: [String] = []
        if reason.unicodeScalars.count < least { mistakes.append("must have at least \(least) characters") }
        if let pattern, !Self.matches(reason, pattern) { mistakes.append("must match \(pattern)") }
        return mistakes
    }

    /// Of what several rules ask of one reason, each mistake once.
    static func mistakes(in reason: String?, of demands: [ReasonDemand]) -> [String] {
        demands.flatMap { $0.mistakes(in: reason) }.reduce(into: []) { all, mistake in
            if !all.contains(mistake) { all.append(mistake) }
        }
    }

    private static func matches(_ reason: String, _ pattern: String) -> Bool {
        var steps = Self.steps
        guard let regex = try? Regex(pattern) else { return false }
        return regex.search(reason, steps: &steps) == true
    }
}

extension ReasonDemand {
    init(_ f: inout Fields) {
        self.init(least: f.int("min_length", 1...500, default: 1))
        guard let text = f.string(optional: "pattern", 1...500) else { return }
        do throws(RegexMistake) {
            _ = try Regex(text)
            pattern = text
        } catch {
            f.fail("pattern", code: FieldCode.malformed, "is no regular expression: \(error.message)")
        }
    }
}

extension ReasonDemand: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("pattern", pattern)
            w.field("min_length", least)
        }
    }
}
