import JSON
import Testing

@testable import Channels

/// What a person reads of an own event: one sentence, and everything else as a fact.
struct FactTests {
    private func names(_ notice: Notice) -> [String] { notice.facts.map(\.name) }

    @Test func `what is not the sentence stays a fact`() throws {
        let number = try Notices.event(
            "custom.fill",
            [
                "event_id": "evt_1", "summary": 42, "message": "the message", "webhook_id": "whk_1",
                "sequence": 3,
            ])
        #expect(number.text == "the message")
        #expect(
            number.facts == [.init(name: "summary", value: "42"), .init(name: "webhook_id", value: "whk_1")])
        let both = try Notices.event("custom.fill", ["summary": "the summary", "message": "the message"])
        #expect(both.text == "the summary")
        #expect(both.facts == [.init(name: "message", value: "the message")])
        let empty = try Notices.event("custom.fill", ["summary": "", "message": "the message"])
        #expect(empty.text == "the message")
        let ours = try Notices.event("endpoint.disabled", ["webhook_id": "whk_1", "name": "ops"])
        #expect(names(ours) == ["name"], "the service's own events name the webhook by its name")
    }

    @Test func `fields that are named as ours are read where they stand together`() throws {
        let pushed: JSONValue = ["sequence": 7, "event_id": "mine", "summary": "s", "n": 1]
        let notice = try Notices.event(
            "custom.fill",
            ["event_id": "evt_1", "summary": "s", "n": 1, "event_data": pushed, "sequence": 3])
        #expect(
            notice.facts == [
                .init(name: "n", value: "1"), .init(name: "sequence", value: "7"),
                .init(name: "event_id", value: "mine"),
            ])
    }

    @Test(arguments: [10, 11, 30]) func `what is left out is counted`(count: Int) throws {
        let members = (0..<count).map { ("f\($0)", JSONValue.number(JSONNumber($0))) }
        let notice = try Notices.event("custom.many", .object(JSONObject(members: members)))
        #expect(notice.facts.count == 10)
        let last = notice.facts.last
        let expected = count == 10 ? ("f9", "9") : ("not shown", "\(count - 9) more")
        #expect(last?.name == expected.0 && last?.value == expected.1)
    }
}
