import JSON
import TestSupport
import Testing

@testable import Postgres
@testable import Signing

/// What may look at all uses there are goes by the links for reports, where no caller waits behind it.
@Suite struct UsageReportLinkTests {
    @Test(arguments: [
        "/v1/usage-summary?group_by=symbol", "/v1/usage-events?symbol=NONE", "/v1/keys/KEY/usage",
        "/v1/keys/KEY/permissions", "/v1/keys/KEY/policy/proposal",
    ])
    func `a look through uses is a report`(_ path: String) async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            let sent = { desk.database.reports.links.reduce(0) { $0 + $1.sentCount } }
            let before = sent()
            let answer = try await desk.call("GET", path.replacing("KEY", with: key))
            #expect(answer.status == 200, "\(answer.text)")
            #expect(sent() > before)
        }
    }
}
