import Access
import Foundation
import TestSupport
import Testing

/// What Docs/people.md says of roles is what the code says.
@Suite struct PeoplePageTests {
    private static let begin = "<!-- roles: from the code -->\n"

    /// A line for each permission, a column for each role.
    private static var table: String {
        let roles = BuiltInRole.allCases
        let head = "| permission | \(roles.map(\.rawValue).joined(separator: " | ")) |\n"
        let rule = "|---|" + roles.map { _ in ":-:|" }.joined() + "\n"
        let rows = Permission.allCases.map { permission in
            let cells = roles.map { $0.permissions.contains(permission) ? "yes" : "" }
            return "| `\(permission.rawValue)` | \(cells.joined(separator: " | ")) |\n"
        }
        return head + rule + rows.joined()
    }

    @Test func `the table of who may do what is the code's`() throws {
        let page = try String(contentsOfFile: projectFolder() + "/Docs/people.md", encoding: .utf8)
        let begin = try #require(page.range(of: Self.begin))
        let end = try #require(page.range(of: "<!-- end -->", range: begin.upperBound..<page.endIndex))
        let found = String(page[begin.upperBound..<end.lowerBound])
        #expect(found == Self.table, "the page should say:\n\(Self.table)")
    }

    @Test func `every built-in role has its line`() throws {
        let page = try String(contentsOfFile: projectFolder() + "/Docs/people.md", encoding: .utf8)
        for role in BuiltInRole.allCases { #expect(page.contains("\n| \(role.rawValue) | ")) }
    }
}
