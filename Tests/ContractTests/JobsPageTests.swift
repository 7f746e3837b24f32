import JSON
import TestSupport
import Testing

/// The jobs as the service has them, and as operations.md shows them.
@Suite(.serialized) struct JobsPageTests {
    private static let units = ["s": "s", "m": " min", "h": " h", "d": " d"]

    /// `10s` as the page writes it.
    private static func written(_ period: String) -> String {
        let unit = period.last.map(String.init) ?? ""
        return period.dropLast() + (unit == "s" ? " s" : units[unit] ?? unit)
    }

    @Test func `operations.md has a row for every job, with how often it runs`() async throws {
        let page = String(decoding: try Contract.file("Docs/operations.md"), as: UTF8.self)
        let rows = page.matches(of: #/\n\| `([a-z-]+)` \| ([0-9]+ (?:s|min|h|d)) \|/#).map {
            "\($0.output.1) \($0.output.2)"
        }
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let jobs = try await premises.call("GET", "/v1/jobs", as: owner.token).json["data"]?.asArray ?? []
            let known = jobs.compactMap { job -> String? in
                guard let name = job["name"]?.asString, let every = job["schedule"]?["every"]?.asString
                else { return nil }
                return "\(name) \(Self.written(every))"
            }
            #expect(known.count > 20)
            #expect(Set(known).subtracting(rows) == [])
            #expect(Set(rows).subtracting(known) == [])
        }
    }
}
