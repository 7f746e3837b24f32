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

    /// What is wrong with the reason, to follow its name; nil: it is one.
    package func mistake(in reason: String?) -> String? {
        guard let reason, !reason.allSatisfy(\.isWhitespace) else { return "is required" }
        guard reason.unicodeScalars.count >= least else { return "must have at least \(least) characters" }
        guard reason.unicodeScalars.count <= Self.characters else {
            return "must have at most \(Self.characters) characters"
        }
        guard let pattern else { return nil }
        var steps = Self.steps
        guard let regex = try? Regex(pattern), regex.search(reason, steps: &steps) == true else {
            return "must match \(pattern)"
        }
        return nil
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
