import Exchanges
import Foundation
import TestSupport
import Testing

/// What Docs/bots.md says of signatures is what the adapters say.
@Suite struct BotsPageTests {
    @Test func `the table of what signatures do not cover is the adapters'`() throws {
        let page = try String(contentsOfFile: projectFolder() + "/Docs/bots.md", encoding: .utf8)
        let begin = try #require(page.range(of: "<!-- not covered: from the adapters -->\n"))
        let end = try #require(page.range(of: "<!-- end -->"))
        let rows = Exchange.all.map { exchange in
            "| \(exchange.title) | \(exchange.notCovered.map(\.rawValue).joined(separator: ", ")) |\n"
        }
        let table = "| exchange | not covered |\n|---|---|\n" + rows.joined()
        #expect(page[begin.upperBound..<end.lowerBound] == table)
    }
}
