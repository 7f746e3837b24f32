import Access
import Crypto
import JSON
import Kernel
import TestSupport
import Testing

@testable import Events

@Suite(.serialized) struct EventEndpointTests {
    @Test func `a webhook of this installation pushes nothing into it, and another one's does`() async throws
    {
        try await FeedDesk.run { _, desk in
            let body = #"{"type":"custom.tick","data":{}}"#
            let own = try await desk.push(body, from: "https://keybell.example")
            #expect(own.status == 403, "\(own.text)")
            #expect(try await desk.push(body, from: "https://other.example").status == 201)
            #expect(try await desk.push(body).status == 201)
        }
    }

    @Test func `one event is stored and answered with its place in the feed`() async throws {
        try await FeedDesk.run { _, desk in
            let answer = try await desk.push(
                """
                {"type": "custom.low", "subject": "binance main",
                 "data": {"asset": "USDT", "balance": 912.5}}
                """)
            #expect(answer.status == 201, "\(answer.text)")
            let listed = try await desk.list()
            #expect(listed.data == [answer.json])
            #expect(answer.json["cursor"]?.asString == listed.data[0]["cursor"]?.asString)
            #expect(answer.json["actor"]?["id"]?.asString == "\(desk.me)")
            let cursor = try #require(answer.json["cursor"]?.asString)
            #expect(try await desk.list("after=\(cursor)").data.isEmpty)
        }
    }

    @Test(arguments: [
        (#"{"type": "key.revoked"}"#, "/type"), (#"{"type": "custom.A"}"#, "/type"), (#"{}"#, "/type"),
        (#"{"type": "custom.a", "subject": ""}"#, "/subject"), (#"{"type": "custom.a", "data": 1}"#, "/data"),
        (#"{"type": "custom.a", "data": {"actor_id": 1}}"#, "/data/actor_id"),
        (#"{"type": "custom.a", "data": {"a-b": 1}}"#, "/data/a-b"),
        (#"{"type": "custom.a", "data": {"a": [[[[[[[[1]]]]]]]]}}"#, "/data"),
        (#"{"type": "custom.a", "data": {"a": 1e450}}"#, "/data/a"),
        (#"{"type": "custom.a", "data": {"b": {"a": [1, -0.1E-999]}}}"#, "/data/b"),
        (#"{"type": "custom.a", "at": "now"}"#, "/at"),
    ])
    func `an event that does not fit is refused where it does not`(body: String, pointer: String) async throws
    {
        try await FeedDesk.run { _, desk in
            let answer = try await desk.push(body)
            #expect(answer.status == 422)
            #expect(answer.pointers == [pointer])
        }
    }

    @Test func `an event has at most 16 KB`() async throws {
        try await FeedDesk.run { _, desk in
            let long = String(repeating: "x", count: 17_000)
            let answer = try await desk.push(#"{"type": "custom.a", "data": {"a": "\#(long)"}}"#)
            #expect(answer.json["errors"]?[0]?["code"]?.asString == "too_large")
        }
    }

    @Test(arguments: [
        "1e131000", "1e200000", "1e-20000", "1e99999999999999999999", "-1e-99999999999999999999",
    ])
    func `a number that the database would blow up, or not take, is refused`(number: String) async throws {
        try await FeedDesk.run { _, desk in
            let answer = try await desk.push(#"{"type": "custom.a", "data": {"a": \#(number)}}"#)
            #expect(answer.status == 422, "\(answer.text)")
            #expect(answer.pointers == ["/data/a", ""])
        }
    }

    @Test func `an event has at most 16 KB with its numbers written out`() async throws {
        try await FeedDesk.run { _, desk in
            let numbers = { (count: Int) in Array(repeating: "1e300", count: count).joined(separator: ",") }
            let many = try await desk.push(#"{"type": "custom.a", "data": {"a": [\#(numbers(60))]}}"#)
            #expect(many.json["errors"]?[0]?["code"]?.asString == "too_large", "\(many.text)")
            let some = try await desk.push(#"{"type": "custom.a", "data": {"a": [\#(numbers(40))]}}"#)
            #expect(some.status == 201, "\(some.text)")
            #expect(try await desk.list().data[0]["data"]?["a"]?.asArray?.count == 40)
        }
    }

    @Test func `a batch is taken row by row`() async throws {
        try await FeedDesk.run { _, desk in
            let body = #"{"events": [{"type": "custom.a"}, {"type": "key.revoked"}, {"typ": "custom.b"}, 5]}"#
            let answer = try await desk.push(body)
            #expect(answer.status == 200)
            #expect(answer.json["received"]?.asInt == 4)
            #expect(answer.json["stored"]?.asInt == 1)
            #expect(answer.json["refused"]?.asInt == 3)
            #expect(answer.json["repeated"]?.asInt == 0)
            let errors = answer.json["errors"]?.asArray ?? []
            #expect(errors.compactMap { $0["line"]?.asInt } == [2, 3, 4])
            #expect(
                errors.compactMap { $0["code"]?.asString } == ["type_not_custom", "missing", "wrong_type"])
            #expect(try await desk.list().types == ["custom.a"])
            let strict = try await desk.push(body, query: "?strict=true")
            #expect(strict.status == 422)
            #expect(strict.code == "rows_refused")
            #expect(strict.pointers == ["line:2", "line:3", "line:4"])
            #expect(try await desk.list().types == ["custom.a"])
            #expect(try await desk.push(#"{"events": []}"#).pointers == ["/events"])
        }
    }

    @Test func `an event under an id of the client's is stored once, and found again`() async throws {
        try await FeedDesk.run { _, desk in
            let body = #"{"id": "fill-1", "type": "custom.fill", "data": {"n": 1}}"#
            let first = try await desk.push(body)
            #expect(first.status == 201, "\(first.text)")
            let again = try await desk.push(body)
            #expect(again.status == 200)
            #expect(again.json["id"] == first.json["id"] && again.json["cursor"] == first.json["cursor"])
            #expect(again.json["data"] == ["n": 1])
            let other = try await desk.push(#"{"id": "fill-1", "type": "custom.fill", "data": {"n": 2}}"#)
            #expect(other.status == 422 && other.pointers == ["/id"])
            #expect(other.json["errors"]?[0]?["code"] == "id_taken")
            // In whatever order it is written.
            let head = #"{"id": "fill-2", "type": "custom.fill", "data": "#
            let written = head + #"{"b": [{"y": 1, "x": 2}], "a": 3}}"#
            let sorted = head + #"{"a": 3, "b": [{"x": 2, "y": 1}]}}"#
            let stored = try await desk.push(written)
            let repeated = try await desk.push(sorted)
            #expect(stored.status == 201 && repeated.status == 200)
            #expect(repeated.json["id"] == stored.json["id"])
            // What was claimed before the order did not matter is known as it was written.
            let earlier = try CustomEvent(try JSONValue.parse(written))
            let data = try #require(try JSONValue.parse(written)["data"])
            #expect(earlier.isToldBy(SHA256.hash((["custom.fill", .null, data] as JSONValue).bytes)))
            #expect(!earlier.isToldBy(SHA256.hash((["custom.fill", "x", data] as JSONValue).bytes)))
            // Somebody else's is another.
            let stranger = PrincipalID(.user, UUID(high: 3, low: 3))
            let theirs = try await desk.push(body, as: stranger)
            #expect(theirs.status == 201 && theirs.json["id"] != first.json["id"])
            #expect(try await desk.list().types.count == 3)
            for wrong in [#""""#, #""a b""#, "\"\(String(repeating: "x", count: 101))\"", "5"] {
                let answer = try await desk.push(#"{"id": \#(wrong), "type": "custom.fill"}"#)
                #expect(answer.status == 422 && answer.pointers == ["/id"], "\(wrong)")
            }
        }
    }

    @Test func `each event of a batch has its verdict, and a batch that is sent again stores nothing`()
        async throws
    {
        try await FeedDesk.run { _, desk in
            let batch = """
                {"events": [{"id": "a", "type": "custom.a"}, {"type": "custom.b"},
                    {"id": "own", "type": "key.revoked"},
                    {"id": "a", "type": "custom.a"}, {"id": "a", "type": "custom.c"}]}
                """
            let first = try await desk.push(batch)
            let verdicts = first.json["verdicts"]?.asArray ?? []
            #expect(
                verdicts.compactMap { $0["verdict"]?.asString } == [
                    "stored", "stored", "refused", "repeated", "refused",
                ])
            #expect(verdicts.compactMap { $0["line"]?.asInt } == [1, 2, 3, 4, 5])
            #expect(verdicts.compactMap { $0["id"] } == ["a", .null, "own", "a", "a"])
            let whole = try await desk.push(#"{"events": [5]}"#)
            #expect(whole.json["errors"]?[0]?["message"] == "must be an object", "\(whole.text)")
            #expect(verdicts.count == 5 && verdicts[0]["event_id"] == verdicts[3]["event_id"])
            #expect(first.json["stored"] == 2 && first.json["repeated"] == 1 && first.json["refused"] == 2)
            #expect(
                first.json["errors"]?.asArray?.compactMap { $0["code"]?.asString } == [
                    "type_not_custom", "id_taken",
                ])
            let again = try await desk.push(#"{"events": [{"id": "a", "type": "custom.a"}]}"#)
            #expect(again.json["stored"] == 0 && again.json["repeated"] == 1)
            #expect(again.json["verdicts"]?[0]?["event_id"] == verdicts.first?["event_id"])
            let strict = try await desk.push(
                #"{"events": [{"id": "b", "type": "custom.a"}, {"id": "a", "type": "custom.b"}]}"#,
                query: "?strict=true")
            #expect(strict.code == "rows_refused" && strict.pointers == ["line:2"])
            // What was refused with others left no claim behind.
            #expect(try await desk.push(#"{"id": "b", "type": "custom.z"}"#).status == 201)
            #expect(try await desk.list().types == ["custom.a", "custom.b", "custom.z"])
        }
    }

    @Test func `lines are taken as they come, in transactions of a thousand`() async throws {
        try await FeedDesk.run { _, desk in
            let lines =
                (0..<2_500).map { "{\"type\":\"custom.n\($0)\"}" }
                + ["", "nonsense", String(repeating: "x", count: 70_000), #"{"type":"custom.last"}"#]
            let answer = try await desk.push(
                lines.joined(separator: "\n"), type: "application/x-ndjson")
            #expect(answer.json["received"]?.asInt == 2_503)
            #expect(answer.json["stored"]?.asInt == 2_501)
            #expect(answer.json["errors"]?[0]?["line"]?.asInt == 2_502)
            #expect(answer.json["errors"]?[1]?["line"]?.asInt == 2_503)
            #expect(answer.json["errors"]?[1]?["code"]?.asString == "too_large")
            let first = try await desk.list("limit=1000")
            #expect(first.data.count == 1_000)
            var (count, cursor) = (first.data.count, first.cursor)
            for _ in 0..<2 {
                let page = try await desk.list("limit=1000&after=\(cursor)")
                (count, cursor) = (count + page.data.count, page.cursor)
            }
            #expect(count == 2_501)
            let strict = try await desk.push(
                lines.joined(separator: "\n"), query: "?strict=true", type: "application/x-ndjson")
            #expect(strict.code == "payload_too_large")
        }
    }

    @Test func `filters by type and subject, and a cursor that is now`() async throws {
        try await FeedDesk.run { _, desk in
            let now = try await desk.list("after=now")
            #expect(now.data.isEmpty)
            for body in [
                #"{"type": "custom.a.x", "subject": "one"}"#, #"{"type": "custom.b", "subject": "two"}"#,
                #"{"type": "custom.axx", "subject": "one"}"#,
            ] { _ = try await desk.push(body) }
            #expect(
                try await desk.list("after=\(now.cursor)").types == ["custom.a.x", "custom.b", "custom.axx"])
            #expect(try await desk.list("type=custom.a.*").types == ["custom.a.x"])
            #expect(try await desk.list("type=custom.b,custom.axx").types == ["custom.b", "custom.axx"])
            #expect(try await desk.list("type=key.*").types == [])
            #expect(try await desk.list("subject=one").types == ["custom.a.x", "custom.axx"])
            #expect(try await desk.list("type=kye.revoked").pointers == ["query:type"])
            #expect(try await desk.list("after=yesterday").pointers == ["query:after"])
            #expect(try await desk.list("cursor=\(now.cursor)").types.count == 3, "as other lists name it")
            #expect(try await desk.list("cursor=yesterday").pointers == ["query:cursor"])
            let both = try await desk.list("after=now&cursor=\(now.cursor)")
            #expect(both.pointers == ["query:cursor"])
            let id = now.cursor.split(separator: ".").last ?? ""
            for place in ["99.1.\(id)", "1.9000000000000000000.\(id)"] {
                #expect(try await desk.list("after=\(place)").pointers == ["query:after"], "\(place)")
            }
        }
    }

    @Test func `T23: every event type is seen by exactly the roles that may read it`() async throws {
        try await FeedDesk.run { _, desk in
            try await desk.ledger.change(desk.context()) { change in
                for type in EventType.all { change.emit(NewEvent(type, subject: "x", [:])) }
                if let own = EventType("custom.a") { change.emit(NewEvent(own, subject: "x", [:])) }
            }
            for role in BuiltInRole.allCases {
                let isReader = role.permissions.contains(.eventsRead)
                let expected = EventType.all.filter {
                    isReader && role.permissions.contains($0.permission)
                }.map(\.name)
                let own = isReader ? ["custom.a"] : []
                let seen = try await desk.list("limit=1000", role.permissions).types
                #expect(Set(seen) == Set(expected + own), "\(role)")
            }
        }
    }
}
