import Access
import Crypto
import EventLoop
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Webhooks

/// From a commit to a receiver, with real sockets between and a clock that stands still until it is moved.
struct SendingTests {
    private func sending(
        _ scratch: ScratchDatabase, _ clock: TestClock = TestClock(), seal: Seal? = nil,
        _ body: @Sendable (isolated Worker, WebhookRoom) async throws -> Void
    ) async throws {
        try await scratch.visit { worker, database in
            let room = try WebhookRoom(database, clock: clock, seal: seal)
            let dispatcher = room.dispatcher(on: worker)
            dispatcher.start(on: worker)
            let result: Result<Void, any Error>
            do { result = .success(try await body(worker, room)) } catch { result = .failure(error) }
            await dispatcher.drain()
            try result.get()
        }
    }

    @Test func `a body by template, own headers and a trace go out, and what goes out is signed`()
        async throws
    {
        let receiver = try Receiver()
        defer { receiver.stop() }
        try await sending(.make()) { _, room in
            let template = try MessageTemplate(["text": "{{data.summary}} at {{data.labels.team}}"])
            let (id, secret) = try await room.makeWebhook(url: receiver.url) {
                $0.template = template
                $0.headerNames = ["Authorization"]
            }
            try await room.setHeaders(of: id, [("Authorization", "Bearer desk")])
            try await room.alert(labels: [("team", "desk")])
            let came = try await receiver.first("the alert") { _ in true }.request
            #expect(came.text == #"{"text":"it fires at desk"}"#)
            #expect(came.header("authorization") == "Bearer desk")
            #expect(came.header("content-type") == "application/json")
            #expect(came.header("traceparent")?.hasPrefix("00-") == true)
            #expect(came.header("keybell-origin") == "https://keybell.example")
            let key = try HMACKey(#require(WebhookSecret.bytes(of: secret)))
            let name = try #require(came.header("webhook-id"))
            let signature = WebhookSignature.v1(key, id: name, at: room.clock.now, body: came.body)
            #expect(came.header("webhook-signature")?.hasPrefix(signature + " v1a,") == true)
        }
    }

    @Test func `thin messages have ids alone, and matchers let alerts through by their labels`() async throws
    {
        let receiver = try Receiver()
        defer { receiver.stop() }
        try await sending(.make()) { _, room in
            let matcher = try LabelMatcher("team", .matches, "desk|ops")
            try await room.makeWebhook("thin", url: receiver.url, takes: ["alert.*", "custom.*"]) {
                $0.payload = .thin
                $0.matchers = [matcher]
            }
            try await room.alert(labels: [("team", "other")])
            try await room.alert(labels: [("team", "desk")])
            try await room.emit(subject: nil, JSONObject(members: [("price", 5)]))
            try await wait(until: "both that it takes") { receiver.accepted.count == 2 }
            #expect(Set(receiver.accepted.map(\.type)) == ["alert.firing", "custom.tick"])
            let names = receiver.accepted.map { Set($0.data.asObject?.members.map(\.name) ?? []) }
            let known: Set<String> = ["event_id", "subject", "alert_id", "url", "sequence"]
            #expect(names.allSatisfy { $0.isSubset(of: known) })
            #expect(try await room.count("true") == 2)
        }
    }

    @Test func `what a template makes too long goes thin, and is told of where even that is too long`()
        async throws
    {
        let receiver = try Receiver()
        defer { receiver.stop() }
        try await sending(.make()) { _, room in
            var forty: [JSONValue] = Array(repeating: "{{data.summary}}", count: 40)
            forty.append("{{data.url}}")
            let long = try MessageTemplate(.array(forty))
            let longer = try MessageTemplate(.array(Array(repeating: "{{data.url}}", count: 100)))
            try await room.makeWebhook("thin", url: receiver.url) { $0.template = long }
            try await room.makeWebhook("never", url: receiver.url) { $0.template = longer }
            try await room.makeWebhook("told", url: receiver.url, takes: ["message.exhausted"])
            try await room.alert(summary: String(repeating: "x", count: 1_000), path: 300)
            try await wait(until: "both") { receiver.accepted.count == 2 }
            let thin = try #require(receiver.accepted.first { $0.json.asArray != nil })
            #expect(thin.json.asArray?.first == .null)
            #expect(thin.json.asArray?.last?.asString?.hasPrefix("https://keybell.example/") == true)
            let told = try #require(receiver.accepted.first { $0.type == "message.exhausted" })
            #expect(told.data["reason"] == "too_large" && told.data["attempts"] == 0)
            #expect(told.data["name"] == "never")
        }
    }

    @Test func `alerts of one moment are one message, and each is found by its alert`() async throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        try await sending(.make()) { _, room in
            let (id, _) = try await room.makeWebhook(url: receiver.url, takes: ["alert.*", "custom.*"]) {
                $0.isBatched = true
            }
            try await room.alerts(120)
            try await room.emit()
            try await wait(until: "both batches and the event") { receiver.accepted.count == 3 }
            let batches = receiver.accepted.filter { $0.type == "alert.batch" }
            #expect(batches.compactMap { $0.data["count"]?.asInt }.reduce(0, +) == 120)
            #expect(batches.allSatisfy { $0.request.body.count < 20_000 })
            let alerts = batches.flatMap { $0.data["alerts"]?.asArray ?? [] }
            #expect(Set(alerts.compactMap { $0["data"]?["alert_id"]?.asString }).count == 120)
            #expect(try await room.count("cardinality(alerts) > 0 and event_type = 'alert.batch'") == 2)
            let waiting = Statement("test_waiting", "select count(*) from delivery_batch_item")
            #expect(try await room.database.query(waiting).first?.int(0) == 0)
            // What another worker left behind is found, too.
            try await room.alerts(3, told: false)
            try await wait(until: "what was left behind") {
                receiver.accepted.filter { $0.type == "alert.batch" }.count > batches.count
            }
            #expect(try await room.count("webhook is not null") >= 4, "\(id)")
        }
    }

    @Test func `an endpoint with a rate gets no more, from all workers together`() async throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        let clock = TestClock()
        try await sending(.make(), clock) { _, room in
            let (id, _) = try await room.makeWebhook(url: receiver.url) { $0.maxPerSecond = 10 }
            try await room.alerts(4)
            for count in 1...4 {
                try await wait(until: "message \(count)") { receiver.accepted.count >= count }
                #expect(receiver.accepted.count == count)
                clock.move(.milliseconds(100))
            }
            let times = try await (0..<3).asyncMap { _ in
                try await PaceStore.reserve(
                    5, every: .milliseconds(100), of: id, at: clock.now, in: room.database)
            }.compactMap(\.self)
            #expect(times.count == 3 && times[1] - times[0] == .milliseconds(500))
            #expect(times.count == 3 && times[2] - times[1] == .milliseconds(500))
            // Another node's clock stepped an hour forward: it has its turns, and holds nobody else up.
            let now = Clock.system.now()
            func reserve(at time: Timestamp) async throws -> Timestamp? {
                try await PaceStore.reserve(
                    5, every: .milliseconds(100), of: id, at: time, in: room.database)
            }
            let ahead = try #require(try await reserve(at: now + .hours(1)))
            #expect(ahead >= now + .hours(1) && ahead < now + .minutes(62))
            #expect(try #require(try await reserve(at: now)) < now + .minutes(2))
        }
    }

    private static let lapse = Statement(
        "test_lapse",
        "update delivery set due_at = clock_timestamp() - interval '1 s' where leased_by is not null")

    @Test func `a receiver that throttles is left alone by every node, and people see until when`()
        async throws
    {
        let receiver = try Receiver { _ in
            .raw("HTTP/1.1 429 Slow\r\nretry-after: 60\r\ncontent-length: 0\r\n\r\n")
        }
        defer { receiver.stop() }
        let clock = TestClock()
        let scratch = try await ScratchDatabase.make()
        try await sending(scratch, clock) { _, room in
            let (id, _) = try await room.makeWebhook(url: receiver.url)
            try await room.alert()
            let until = try await eventually("the circuit") {
                try await WebhookStore.find(id, at: clock.now, in: room.database)?.opensAt
            }
            #expect(until == clock.now + .seconds(60))
            let record = try await WebhookStore.find(id, at: clock.now, in: room.database)
            #expect(record?.circuit(at: clock.now) == .throttled)
            #expect(record?.circuit(at: until) == .closed)
            // Another node takes what is due, and is told.
            try await room.alert(told: false)
            let taken = try await DeliveryQueue.take(
                most: 10, for: UUID(high: 1, low: 1), at: clock.now, in: room.database)
            #expect(taken.deliveries.count == 1)
            #expect(taken.resting == [id: EndpointRests.Rest(until: until, epoch: 1)])
            // That node is gone, and nobody waits here until its lease has lapsed by the database's clock.
            _ = try await room.database.query(Self.lapse)
            receiver.answer { _ in .status(204) }
            clock.move(.seconds(61))
            try await wait(until: "both") { receiver.accepted.count == 2 }
            try await wait(until: "the circuit is closed again") {
                try await WebhookStore.find(id, at: clock.now, in: room.database)?.opensAt == nil
            }
            // A 429 is no attempt of the ten.
            #expect(try await room.count("counted = 1 and attempts = 2 or counted = 1 and attempts = 1") == 2)
        }
    }
}

extension Range<Int> {
    fileprivate nonisolated(nonsending) func asyncMap<T>(
        _ make: nonisolated(nonsending) (Int) async throws -> T
    ) async rethrows -> [T] {
        var made: [T] = []
        for number in self { made.append(try await make(number)) }
        return made
    }
}
