/// A grade in one sentence, made from its three largest contributions.
package struct GradeSentence {
    package struct Part {
        package var name: String
        package var weight: Double
        package var contribution: Double

        package init(name: String, weight: Double, contribution: Double) {
            (self.name, self.weight, self.contribution) = (name, weight, contribution)
        }
    }

    package let text: String

    package init(_ value: Double, _ parts: [Part]) {
        let scored = parts.filter { $0.weight > 0 }.sorted { $0.contribution > $1.contribution }
        let largest = scored.prefix(3).map { part in
            let name = part.name.split(separator: "_").joined(separator: " ")
            return "\(name) (\(Self.tenths(part.contribution)) of \(Self.tenths(part.weight * 100)))"
        }
        let last = largest.last ?? "nothing"
        let first = largest.dropLast().joined(separator: ", ")
        text =
            "Grade \(Self.tenths(value)), \(GradeZone(value).rawValue): most comes from "
            + (first.isEmpty ? last : "\(first) and \(last)") + "."
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10))"
    }
}
