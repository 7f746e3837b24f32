import Access
import Events
import HTTPServer
import JSON
import Kernel
import Testing
import TestSupport

@testable import Alerts

struct RuleCourseEndpointsTests {
    private func body(_ fields: String, on: String = "custom.*") -> String {
        #"{"name": "r", "severity": "info", "on": ["\#(on)"], \#(fields)}"#
    }

    private static let refused: [(fields: String, pointers: [String], says: String)] = [
        (#""for": "5"}"#, ["/for"], "15m"),
        (#""for": "5m""#, ["/for"], "needs a when"),
        (#""for": "5m", "when": "flips(event.v)""#, ["/for"], "a moment"),
        (#""window": {"within": "1m"}"#, ["/window/at_least"], "says how much"),
        (#""window": {"within": "1m", "count": 2, "below": 3}"#, ["/window/below"], "beside count"),
        (#""window": {"within": "1m", "count": 0}"#, ["/window/count"], "1"),
        (#""window": {"within": "1m", "count": 20000}"#, ["/window/count"], "10000"),
        (#""window": {"within": "1m", "count": 2, "sum": "event.v"}"#, ["/window/count"], "counts events"),
        (
            #""window": {"within": "1m", "sum": "event.v", "at_least": "1e5"}"#, ["/window/at_least"],
            "100000.50"
        ),
        (#""window": {"within": "1m", "rate": 0, "per": "1h"}"#, ["/window/rate"], "1 to 10000"),
        (#""window": {"within": "1m", "absence": false}"#, ["/window/absence"], "left out"),
        (#""window": {"count": 2}"#, ["/window/within"], "required"),
        (
            #""window": {"within": "1m", "distinct": "evnt.v", "at_least": 2}"#, ["/window/distinct"],
            "character 1"
        ),
        (
            #""sequence": {"within": "1m", "steps": [{"on": ["custom.a"]}]}"#, ["/sequence/steps"],
            "at least 2"
        ),
        (
            #""sequence": {"within": "1m", "steps": ["#
                + Array(repeating: #"{"when": "true", "count": 86}"#, count: 6).joined(separator: ",") + "]}",
            ["/sequence/steps"], "512 events together"
        ),
        (
            #""sequence": {"within": "1m", "steps": [{"on": ["key.*"]}, {"when": "event.v =="}, {}]}"#,
            ["/sequence/steps/0/on/0", "/sequence/steps/1/when", "/sequence/steps/2/when"], "is not among"
        ),
        (
            #""sequence": {"within": "1m", "steps": [{"when": "true"}, {"when": "true"}]}, "for": "1m""#,
            ["/for"], "a sequence is a moment"
        ),
        (#""recover_when": "event.v == 1""#, ["/recover_when"], "needs a when"),
        (
            #""window": {"within": "1m", "absence": true}, "recover_when": "event.v == 1""#,
            ["/recover_when"],
            "ends by itself"
        ),
        (
            #""when": "event.v > 1", "recover_when": "crosses_above(event.v, 2)""#, ["/recover_when"],
            "in when"
        ),
        (#""when": "crosses_abve(event.v, 2)""#, ["/when"], "did you mean crosses_above"),
        (#""when": "crosses_above(event.v)""#, ["/when"], "crosses_above(value, threshold)"),
        (#""when": "event.l.exists(x, flips(x))""#, ["/when"], "in a loop"),
        (#""expires_at": "2020-01-01T00:00:00Z""#, ["/expires_at"], "future"),
    ]

    @Test func `what does not go together is refused by its field`() async throws {
        try await withDesk { worker, desk in
            for (fields, pointers, says) in Self.refused.dropFirst() {
                let answer = try await desk.call("POST", "alert-rules", body(fields))
                #expect(answer.status == 422, "\(fields): \(answer.text)")
                #expect(answer.pointers == pointers, "\(fields)")
                #expect(answer.text.contains(says), "\(fields): \(answer.text)")
            }
        }
    }

    @Test func `what a rule waits for is told as it was written, and can be taken away again`() async throws {
        try await withDesk { worker, desk in
            let fields = """
                "when": "event.v > 0", "for": "5m", "recover_when": "event.v == 0", "group_by": ["event.g"],
                "window": {"sum": "event.v", "at_least": "100.50", "within": "1h"},
                "expires_at": "2027-01-01T00:00:00Z"
                """
            let made = try await desk.call("POST", "alert-rules", body(fields))
            #expect(made.status == 201, "\(made.text)")
            #expect(made.json["window"] == ["sum": "event.v", "at_least": "100.5", "within": "1h"])
            #expect(made.json["for"] == "5m" && made.json["recover_when"] == "event.v == 0")
            #expect(made.json["expires_at"] == "2027-01-01T00:00:00.000Z")
            let path = "alert-rules/\(made.json["id"]?.asString ?? "")"
            let other = #"{"window": {"rate": 2.5, "per": "1m", "within": "10m"}, "for": null}"#
            let changed = try await desk.call("PATCH", path, other, match: made.etag)
            let window = try JSONValue.parse(#"{"rate": 2.5, "per": "1m", "within": "10m"}"#)
            #expect(changed.json["window"] == window, "\(changed.text)")
            #expect(changed.json["for"]?.isNull == true && changed.json["version"] == 2)
            let narrowed = try await desk.call(
                "PATCH", path, #"{"on": ["key.revoked"]}"#, match: changed.etag)
            #expect(narrowed.pointers.first == "/on")
            let history = try await desk.call("GET", path + "/history")
            let fieldsChanged = history.json["data"]?[0]?["changes"]?.asArray?.compactMap {
                $0["field"]?.asString
            }
            #expect(fieldsChanged == ["for", "window"])
            #expect(history.json["data"]?[1]?["changes"] == [])
            #expect(try await desk.call("POST", path + "/restore", #"{"version": 1}"#).status == 428)
            let unknown = try await desk.call(
                "POST", path + "/restore", #"{"version": 9}"#, match: changed.etag)
            #expect(unknown.pointers == ["/version"])
            let restored = try await desk.call(
                "POST", path + "/restore", #"{"version": 1}"#, match: changed.etag)
            #expect(restored.json["version"] == 3 && restored.json["for"] == "5m", "\(restored.text)")
        }
    }

    @Test func `cases of several events must pass before a rule is enabled`() async throws {
        try await withDesk { worker, desk in
            let cases = """
                "when": "event.v == 0", "group_by": ["event.g"], "for": "5m", "recover_when": "event.v == 1",
                "tests": [
                  {"name": "lasts", "expect": "fires", "until": "6m",
                   "events": [{"event": {"type": "custom.a", "g": "x", "v": 0}}]},
                  {"expect": "silent", "until": "1h", "events": [
                    {"event": {"type": "custom.a", "g": "x", "v": 0}},
                    {"at": "4m", "event": {"type": "custom.a", "g": "x", "v": 1}}]},
                  {"expect": "resolves", "until": "20m", "events": [
                    {"event": {"type": "custom.a", "g": "x", "v": 0}},
                    {"at": "6m", "event": {"type": "custom.a", "g": "x", "v": 1}}]},
                  {"expect": "fires", "event": {"type": "custom.a", "g": "x", "v": 0}}]
                """
            let made = try await desk.call("POST", "alert-rules", body(cases))
            #expect(made.json["tests"]?["passed"] == 3 && made.json["tests"]?["failed"] == 1, "\(made.text)")
            let path = "alert-rules/\(made.json["id"]?.asString ?? "")"
            #expect(try await desk.call("POST", path + "/enable").pointers == ["/tests/3"])
            let trial = """
                {"events": [{"event": {"type": "custom.a", "g": "x", "v": 0}},
                            {"at": "10m", "event": {"type": "custom.a", "g": "x", "v": 1}}], "until": "15m"}
                """
            let tried = try await desk.call("POST", path + "/test", trial)
            #expect(tried.json["verdict"] == "resolves", "\(tried.text)")
            #expect(
                tried.json["steps"]?.asArray?.compactMap { $0["state"]?.asString } == [
                    "pending", "recovering",
                ])
            #expect(
                tried.json["steps"]?[1]?["expressions"]?[0] == ["expression": "event.v == 0", "value": false])
            #expect(
                tried.json["changes"]?.asArray?.map {
                    "\($0["change"]?.asString ?? "") \($0["at"]?.asString ?? "")"
                }
                    == ["pending 0s", "fires 5m", "recovering 10m", "resolves 15m"])
        }
    }

    @Test func `a rule is run over what is stored, as its owner and the caller see it`() async throws {
        try await withDesk { worker, desk in
            let id =
                try await desk.call(
                    "POST", "alert-rules",
                    body(
                        """
                        "when": "event.v > 1", "group_by": ["event.g"], "cooldown": "1d",
                        "window": {"count": 2, "within": "1h"}
                        """
                    )
                ).json["id"]?.asString ?? ""
            let start = desk.now
            let type = try #require(EventType("custom.a"))
            for minute in 0..<9 {
                desk.now = start + .minutes(Int64(minute * 10))
                try await desk.emit(type, ["g": "x", "v": .number(JSONNumber(minute % 3)), "é\"": "\\u0041"])
            }
            try await desk.emit(.gradeChanged, ["symbol": "SOL"])
            desk.now = start + .hours(3)
            let lines = try await desk.backtest(id, from: start)
            #expect(lines.compactMap { $0["kind"]?.asString } == ["firing", "summary"])
            #expect(lines.first?["message"]?["data"]?["summary"] != nil)
            #expect(lines.first?["at"]?.asString == (start + .minutes(50)).description)
            #expect(
                lines.last?["events"] == 9 && lines.last?["firings"] == 1 && lines.last?["complete"] == true)
            let blind = desk.context([.rulesRead])
            #expect(try await desk.backtest(id, from: start, as: blind).last?["firings"] == 0)
            #expect(
                try await desk.backtest(id, from: start, as: blind).last?["events"] == 0,
                "what may not be seen is not counted either")
            let ofKeys =
                try await desk.call(
                    "POST", "alert-rules", #"{"name": "keys", "severity": "info", "on": ["key.*"]}"#
                ).json["id"]?.asString ?? ""
            try await desk.emit(.keyRevoked, ["label": "spot"])
            desk.now = desk.now + .minutes(1)
            #expect(try await desk.backtest(ofKeys, from: start).last?["firings"] == 1)
            let wrong = #"{"from": "\#(start)", "to": "\#(start)"}"#
            #expect(try await desk.call("POST", "alert-rules/\(id)/backtest", wrong).pointers == ["/from"])
        }
    }
}

extension AlertDesk {
    /// The lines of a backtest.
    func backtest(
        _ id: String, from: Timestamp, as context: Context? = nil
    ) async throws -> [JSONValue] {
        let answer = try await call(
            "POST", "alert-rules/\(id)/backtest", #"{"from": "\#(from)"}"#, as: context)
        guard case .stream(let write) = answer.response.body else { throw TestFailure(text: answer.text) }
        let sink = LineSink()
        try await write(sink)
        return try String(decoding: sink.bytes, as: UTF8.self).split(separator: "\n").map {
            try JSONValue.parse(String($0))
        }
    }
}

private final class LineSink: BodyWriter {
    var bytes: [UInt8] = []
    let isDraining = false

    nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(BodyError) { self.bytes += bytes }
    func onEnd(_ action: @escaping () -> Void) {}
}
