import Access
import Foundation
import HTTPServer
import TestSupport
import Testing

@testable import Service

/// What Docs/second-factors.md says of every operation that changes something is what the routes say.
@Suite struct StepUpPageTests {
    private static let begin = "<!-- step-up: every operation, once -->\n"

    @Test func `the page says of every operation whether it asks for a step-up`() async throws {
        let page = try String(
            contentsOfFile: projectFolder() + "/Docs/second-factors.md", encoding: .utf8)
        let begin = try #require(page.range(of: Self.begin))
        let end = try #require(page.range(of: "<!-- end -->", range: begin.upperBound..<page.endIndex))
        var said: [String: String] = [:]
        for row in page[begin.upperBound..<end.lowerBound].split(separator: "\n").dropFirst(2) {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            for name in cells[1].split(separator: ",") {
                let id = name.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
                #expect(said.updateValue(cells[0], forKey: id) == nil, "\(id) stands twice")
            }
        }
        let found = said
        try await Premises.open { _, premises in
            let known = Dictionary(
                uniqueKeysWithValues: premises.operations.filter { $0.method != .get }
                    .map { ($0.id, Self.word($0.stepUp)) })
            for (id, word) in known where found[id] != word {
                Issue.record("of `\(id)` the page should say: \(word)")
            }
            #expect(Set(found.keys).subtracting(known.keys) == [])
            #expect(known.count > 100)
        }
    }

    private static func word(_ demand: StepUp?) -> String {
        guard let demand else { return "no" }
        if demand.isConditional { return "when" }
        return switch demand.exemption {
        case .never: "strictly"
        case .always: "own"
        case .inGrace: "always"
        }
    }
}
