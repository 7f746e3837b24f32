import Access
import JSON
import Kernel
import TestSupport
import Testing

@testable import Webhooks

/// The pure parts of how an endpoint wants its messages.
struct DeliveryTermsTests {
    @Test(arguments: [
        ("team", "=", "desk", true), ("team", "=", "des", false), ("team", "!=", "ops", true),
        ("team", "=~", "des.", true), ("team", "=~", "des", false), ("team", "!~", "o.*", true),
        ("other", "=", "", true), ("other", "!=", "", false), ("other", "=~", ".*", true),
        ("severity", "=~", "warning|critical", true),
    ])
    func `a matcher takes a label as Alertmanager would`(
        name: String, sign: String, value: String, isTaken: Bool
    ) throws {
        let comparison = try #require(LabelMatcher.Comparison(rawValue: sign))
        let matcher = try LabelMatcher(name, comparison, value)
        #expect(matcher.takes(["team": "desk", "severity": "critical"]) == isTaken)
        var w = JSONWriter(capacity: 64)
        w.value(matcher)
        #expect(try LabelMatcher(JSONValue.parse(w.bytes)) == matcher)
    }

    @Test(arguments: [
        "Host", "content-type", "Webhook-Id", "webhook-anything", "Transfer-Encoding", "traceparent",
        "Keybell-Origin", "X-Forwarded-For",
        "Cookie", "Proxy-Authorization", "bad name", "", "a\u{0}b", "naïve", "line\nbreak",
    ])
    func `a header that is ours, or none, is refused`(name: String) {
        #expect(OwnHeader.mistake(name, "value") != nil)
    }

    @Test func `a header's value is visible text and is not repeated in the refusal`() {
        #expect(OwnHeader.mistake("Authorization", "Bearer abc") == nil)
        for value in ["a\r\nx: y", "", " a", "a ", "é", "a\u{7F}", String(repeating: "a", count: 2_049)] {
            let mistake = OwnHeader.mistake("X-Team", .string(value))
            #expect(mistake != nil)
            #expect(value.count < 3 || mistake?.contains(value) != true)
        }
        #expect(OwnHeader.mistake("X-Team", 5) != nil)
    }

    @Test func `turns come one interval after the other, and lost ones are not made up for`() {
        var pace = Pace()
        let start = Timestamp.testStart
        #expect(pace.turn(at: start) == .none)
        pace.reserve(2, from: start, every: .milliseconds(100))
        #expect(pace.turn(at: start) == .now)
        pace.take()
        #expect(pace.turn(at: start) == .later(start + .milliseconds(100)))
        #expect(pace.turn(at: start + .seconds(9)) == .now)
        pace.take()
        #expect(pace.turn(at: start + .seconds(9)) == .none)
        #expect(Pace.turns(waiting: 1_000, perSecond: 100) == 25)
        #expect(Pace.turns(waiting: 3, perSecond: 100) == 3)
        #expect(Pace.turns(waiting: 1_000, perSecond: 1) == 1)
    }

    private func item(_ number: Int, bytes: Int = 100, about thing: String? = nil) -> BatchQueue.Item {
        BatchQueue.Item(
            id: ID(UUID(high: 1, low: UInt64(number))), webhook: ID(UUID(high: 2, low: 2)),
            alert: ID(UUID(high: 3, low: UInt64(number))), event: nil, permissions: [.alertsRead, .keysRead],
            thing: thing, body: Array("\"\(number)\"".utf8) + Array(repeating: 32, count: bytes))
    }

    @Test func `a batch has at most 100 alerts and stays below 20 kB`() throws {
        let small = Batches.of((0..<250).map { item($0) }, at: .testStart) { _ in true }
        #expect(small.map(\.items.count) == [100, 100, 50])
        let large = Batches.of((0..<10).map { item($0, bytes: 6_000) }, at: .testStart) { _ in true }
        #expect(large.map(\.items.count) == [3, 3, 3, 1])
        for batch in small + large {
            let bytes = batch.body.bytes(sequence: .max)
            #expect(bytes.count < 20_000)
            let data = try JSONValue.parse(bytes)["data"]
            #expect(data?["count"]?.asInt == Int64(batch.items.count))
            #expect(data?["alerts"]?.asArray?.count == batch.items.count)
        }
    }

    @Test func `T23: what an owner may read on some things only is batched by thing`() {
        let items = [item(0, about: "key_a"), item(1, about: "key_b"), item(2, about: "key_a"), item(3)]
        let scoped = Batches.of(items, at: .testStart) { _ in false }
        #expect(scoped.map(\.thing) == ["key_a", "key_b", nil])
        #expect(scoped.map(\.items.count) == [2, 1, 1])
        let general = Batches.of(items, at: .testStart) { _ in true }
        #expect(general.map(\.items.count) == [4])
        #expect(general.first?.permissions == [.alertsRead, .keysRead])
    }
}
