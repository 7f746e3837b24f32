import Access
import Events
import JSON
import Kernel
import Testing

@testable import Alerts

@Suite struct EventViewTests {
    private func use(_ data: JSONObject, _ type: EventType = .keyUsed) -> JSONObject {
        EventView.flat(
            Event(
                id: EventID(UUID(high: 1, low: 2)), at: Timestamp(microseconds: 0), type: type,
                subject: nil, actor: Actor(principal: nil, accessToken: nil, address: nil), data: data))
    }

    @Test func `a condition may ask every use which clauses would have denied it`() throws {
        let condition = try Condition(
            #"event.would_deny != null && "limits.1" in event.would_deny"#,
            on: [try #require(EventPattern("key.used"))])
        let told = use(JSONObject(members: [("would_deny", ["orders.symbols", "limits.1"])]))
        #expect(condition.evaluate(told) == .holds)
        #expect(condition.evaluate(use(JSONObject(members: [("would_deny", ["limits.2"])]))) == .fails)
        // Most uses have no such member.
        let most = use(JSONObject(members: [("symbol", "BTCUSDT")]))
        #expect(most["would_deny"] == .null && condition.evaluate(most) == .fails)
    }

    @Test func `a condition may ask every use for the symbols and sides of all its orders`() throws {
        let condition = try Condition(
            "'PEPEUSDT' in event.symbols && event.sides.size() == 2",
            on: [try #require(EventPattern("key.used"))])
        let batch = JSONObject(members: [
            ("symbol", "BTCUSDT"), ("side", "buy"), ("symbols", ["BTCUSDT", "PEPEUSDT"]),
            ("sides", ["buy", "sell"]),
        ])
        #expect(condition.evaluate(use(batch)) == .holds)
        // What has one order says it in other words, and what has none says nothing.
        let single = use(JSONObject(members: [("symbol", "PEPEUSDT"), ("side", "buy")]))
        #expect(single["symbols"] == ["PEPEUSDT"] && single["sides"] == ["buy"])
        #expect(condition.evaluate(single) == .fails)
        let read = use(JSONObject(members: [("symbol", .null), ("side", .null)]))
        #expect(read["symbols"] == [] && read["sides"] == [] && condition.evaluate(read) == .fails)
    }

    @Test func `a condition may ask for all clauses of a denial, also of one that names the first only`()
        throws
    {
        let condition = try Condition(
            "event.clauses != null && 'cidrs' in event.clauses",
            on: [try #require(EventPattern("key.use.denied"))])
        let told = JSONObject(members: [("clause", "operations"), ("clauses", ["operations", "cidrs"])])
        #expect(condition.evaluate(use(told, .keyUseDenied)) == .holds)
        let earlier = use(JSONObject(members: [("clause", "operations")]), .keyUseDenied)
        #expect(earlier["clauses"] == .null && condition.evaluate(earlier) == .fails)
    }
}
