import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signing

@Suite(.serialized) struct UsageSettlingTests {
    private static func outcomes(_ desk: SigningDesk) async throws -> [String] {
        let list = try await desk.call("GET", "/v1/usage-events?way=proxy")
        return list.json["data"]?.asArray?.compactMap { $0["outcome"]?.asString } ?? []
    }

    private static let statuses = Statement(
        "test_statuses", "select http_status from usage_event where outcome = 'unknown'")

    private static func told(_ desk: SigningDesk) async throws -> [JSONValue] {
        try await desk.events().filter { $0.type == "key.use.unknown" }.map(\.data)
    }

    @Test func `what was sent and not heard of is unknown after a minute, and told once`() async throws {
        try await SigningDesk.run(writesOutcomes: false) { desk in
            let key = try await desk.key("a")
            desk.exchange.says(200, "{}")
            let sent = try await desk.proxy(key, "POST", "/api/v3/order", query: SigningDesk.order)
            #expect(sent.status == 200, "\(sent.text)")
            _ = try await desk.sign(key)
            #expect(try await desk.runJob("usage-settle")["events"]?.asInt == 0)
            #expect(try await Self.outcomes(desk) == ["authorised"])
            desk.time.move(.seconds(61))
            #expect(try await desk.runJob("usage-settle")["events"]?.asInt == 1)
            #expect(try await Self.outcomes(desk) == ["unknown"])
            #expect(try await desk.runJob("usage-settle")["events"]?.asInt == 0)
            let told = try await Self.told(desk)
            #expect(told.count == 1 && told[0]["symbol"]?.asString == "BTCUSDT")
            #expect(told[0]["client_order_id"]?.asString?.isEmpty == false)
            let names = told[0].asObject?.members.map(\.name).sorted()
            #expect(
                names == EventType.keyUseUnknown.dataFields?.filter { !$0.isOptional }.map(\.name).sorted())
        }
    }

    @Test func `what is known to be unknown is told without waiting, once`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            desk.exchange.isSilent()
            let lost = try await desk.proxy(key, "POST", "/api/v3/order", query: SigningDesk.order)
            #expect(lost.status == 504 && lost.code == "outcome_unknown", "\(lost.text)")
            try await wait(until: "the outcome is written") { try await Self.outcomes(desk) == ["unknown"] }
            let statuses = try await desk.database.query(Self.statuses)
            #expect(statuses.map { $0.isNull(0) } == [true], "there was no answer, and so no status")
            #expect(try await desk.runJob("usage-settle")["events"]?.asInt == 1)
            #expect(try await desk.runJob("usage-settle")["events"]?.asInt == 0)
            #expect(try await Self.told(desk).count == 1)
        }
    }

    @Test func `what a report does not know is nobody's alarm`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", policy: nil)
            let line = UsageListTests.line(key, 1, desk.time.now, #", "outcome": "unknown""#)
            #expect(try await desk.report([line]).json["inserted"]?.asInt == 1)
            desk.time.move(.minutes(5))
            #expect(try await desk.runJob("usage-settle")["events"]?.asInt == 0)
        }
    }

    @Test func `pages of uses are summarised, once`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", policy: nil)
            // The first 32 pages have a summary from the beginning.
            let lines = (0..<1_000).map { UsageListTests.line(key, $0, desk.time.now) }
            #expect(try await desk.report(lines).json["inserted"]?.asInt == 1_000)
            let first = try await desk.runJob("usage-settle")["summarised"]?.asInt ?? 0
            #expect(first > 0)
            #expect(try await desk.runJob("usage-settle")["summarised"]?.asInt == 0)
            let list = try await desk.call("GET", "/v1/usage-events?symbol=NONE")
            #expect(list.json["data"] == [])
        }
    }
}
