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

    @Test func `lists of words are read, and what takes more than a line is counted`() throws {
        let data: JSONValue = [
            "assets": ["BTC", 2, true], "none": [], "empty": [:], "book": ["bids": [1]],
            "fills": [["price": 1]],
            "gone": .null, "n": 1,
        ]
        let own = try Notices.event("custom.fill", data)
        #expect(
            own.facts == [
                .init(name: "assets", value: "BTC, 2, yes"), .init(name: "n", value: "1"),
                .init(name: "not shown", value: "3 more"),
            ])
        let ours = try Notices.event(
            "key.revoked", ["label": "main", "reason": .null, "of": ["a": 1], "tags": ["a", "b"]])
        #expect(
            ours.facts == [.init(name: "label", value: "main"), .init(name: "tags", value: "a, b")],
            "ours are read where they are listed")
        let long = try Notices.event(
            "custom.fill", ["all": .array((0..<12).map { .number(JSONNumber($0)) })])
        #expect(long.facts.map(\.value) == ["0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 2 more"])
    }

    @Test func `what is nested counts beside what does not fit`() throws {
        var members = (0..<10).map { ("f\($0)", JSONValue.number(JSONNumber($0))) }
        members.append(("deep", ["a": 1]))
        let notice = try Notices.event("custom.many", .object(JSONObject(members: members)))
        #expect(notice.facts.count == 10)
        #expect(notice.facts.last == .init(name: "not shown", value: "2 more"))
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
