import Access
import EventLoop
import Events
import Expressions
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing
import Webhooks

@testable import Alerts

/// The engine beside the machines that it runs: whatever nodes come and go, die and come back between any
/// two events, it tells what one pass over all of them tells, and a backtest the same once more.
struct EnginePropertyTests {
    private static let rules = [
        #""window": {"count": 3, "within": "60s"}, "when": "event.v > 1""#,
        #""window": {"distinct": "event.v", "at_least": 3, "within": "2m"}"#,
        #""window": {"distinct": "event.v", "at_least": 2, "within": "2m"}, "for": "20s""#,
        #""window": {"sum": "event.v", "below": 4, "within": "60s"}"#,
        #""window": {"rate": 2, "per": "30s", "within": "1m"}, "recover_when": "event.v == 0""#,
        #""window": {"absence": true, "within": "3m"}"#,
        #""when": "event.v > 2", "for": "40s", "recover_when": "event.v < 1""#,
        #""when": "crosses_above(event.v, 3)", "recover_when": "event.v < 2""#,
        #""when": "flips(event.v > 2)""#,
        #""sequence": {"steps": [{"on": ["custom.a"]}, {"on": ["custom.b"], "count": 2}], "within": "5m"}"#,
        #""when": "event.v == 3""#,
        #""when": "event.v == 3", "cooldown": "70s""#,
        #""window": {"count": 2, "within": "60s"}, "cooldown": "2m""#,
        #""when": "event.v > 3", "for": "10s", "recover_when": "event.v < 2", "cooldown": "20m""#,
        #""when": "flips(event.v > 2)", "cooldown": "45s""#,
        #""window": {"first": "event.v", "within": "2m", "learning": "30s"}"#,
        #""window": {"first": "event.v", "within": "3m", "learning": "1s"}, "cooldown": "70s""#,
    ]

    @Test(arguments: [11, 12]) func `batch, stream, restarts, moves between nodes, and a backtest: the same`(
        seed: UInt64
    ) async throws {
        try await withDesk { worker, desk in
            let random = SeededGenerator(seed: seed)
            var ids: [String] = []
            var runs: [RuleRun] = []
            for (number, fields) in Self.rules.enumerated() {
                let id = try await desk.enabledRule(
                    """
                    {"name": "rule \(number)", "severity": "info", "on": ["custom.*"],
                     "group_by": ["event.g"], \(fields)}
                    """)
                ids.append(id)
                runs.append(RuleRun(try await desk.content(of: id), from: desk.now))
            }
            let start = desk.now
            var expected = Lines(count: runs.count)
            var count = 1
            var engines: [CourseEngine] = []
            for number in 1...3 {
                engines.append(desk.courseEngine(on: worker, node: UInt64(number)) { count })
            }
            for _ in 0..<30 {
                desk.now = desk.now + .seconds(Int64(random.number(1..<60)))
                for event in try await desk.pushAny(random) { expected.take(event, &runs) }
                count = random.number(1..<4)
                for number in 0..<3 where random.number(0..<3) > 0 {
                    // Who is killed forgets all, and is not missed by anybody.
                    if random.number(0..<4) == 0 {
                        engines[number] = desk.courseEngine(on: worker, node: UInt64(number + 1)) { count }
                    }
                    for _ in 0..<random.number(1..<4) { _ = try? await engines[number].step() }
                }
            }
            // Leases of those that were killed are waited for.
            desk.now = desk.now + .hours(1)
            count = 1
            for engine in engines.dropFirst() { await engine.shards.letGo() }
            try await desk.catchUp(engines[0])
            expected.advance(to: desk.now - CourseEngine.settling, &runs)
            let told = Lines(try await desk.alertEvents(), count: runs.count)
            #expect(expected.lines.allSatisfy { !$0.isEmpty })
            for (number, rule) in Self.rules.enumerated() {
                #expect(told.lines[number].sorted() == expected.lines[number].sorted(), "\(rule)")
                let tried = try await desk.backtested(ids[number], from: start)
                #expect(tried.sorted() == expected.lines[number].sorted(), "backtest: \(rule)")
            }
        }
    }

    /// What was told, rule by rule: `fires x 2026-…`.
    private struct Lines {
        private(set) var lines: [[String]]

        init(count: Int) { lines = Array(repeating: [], count: count) }

        /// - Parameter events: what happened, told or not: whoever comes and goes is told of once.
        init(_ events: [(type: String, at: Timestamp, data: JSONValue)], count: Int) {
            self.init(count: count)
            for event in events {
                let name = event.data["rule"]?["name"]?.asString ?? ""
                guard let number = Int(name.split(separator: " ").last ?? "") else { continue }
                let group = event.data["group"]?["event.g"]?.asString ?? ""
                let word = event.type == "alert.firing" ? "fires" : "resolves"
                lines[number].append("\(word) \(group) \(event.at)")
            }
        }

        mutating func take(_ event: Event, _ runs: inout [RuleRun]) {
            let view = EventView.flat(event)
            let occurrence = RuleMachine.Occurrence(
                id: event.id, at: event.at, type: event.type, event: .object(JSONFields(view)))
            for number in runs.indices { note(runs[number].take(occurrence, view), number) }
        }

        mutating func advance(to time: Timestamp, _ runs: inout [RuleRun]) {
            for number in runs.indices { note(runs[number].advance(to: time), number) }
        }

        private mutating func note(_ outcomes: [RuleRun.Outcome], _ number: Int) {
            for outcome in outcomes {
                guard [.fires, .resolves].contains(outcome.transition.step), !outcome.isSuppressed else {
                    continue
                }
                let group = outcome.group["event.g"]?.asString ?? ""
                lines[number].append("\(outcome.transition.step) \(group) \(outcome.transition.at)")
            }
        }
    }
}

extension AlertDesk {
    /// Some events of one moment, of any kind and group.
    fileprivate func pushAny(_ random: SeededGenerator) async throws -> [Event] {
        try await ledger.change(context()) { change in
            (0..<random.number(1..<5)).compactMap { _ in
                let type = EventType(["custom.a", "custom.b", "custom.c"][random.number(0..<3)])
                let group = ["x", "y", "z"][random.number(0..<3)]
                let value = JSONNumber(random.number(0..<6))
                return type.map {
                    change.emit(NewEvent($0, subject: "s", ["g": .string(group), "v": .number(value)]))
                }
            }
        }
    }

    func backtested(_ id: String, from: Timestamp) async throws -> [String] {
        let answer = try await call(
            "POST", "alert-rules/\(id)/backtest", #"{"from": "\#(from)", "to": "\#(now)"}"#)
        guard case .stream(let write) = answer.response.body else { throw TestFailure(text: answer.text) }
        let lines = GatheredLines()
        try await write(lines)
        return try lines.text.split(separator: "\n").compactMap { text in
            let line = try JSONValue.parse(String(text))
            guard let kind = line["kind"]?.asString, kind != "summary", line["suppressed"] != true else {
                return nil
            }
            let group = line["group"]?["event.g"]?.asString ?? ""
            return "\(kind == "firing" ? "fires" : "resolves") \(group) \(line["at"]?.asString ?? "")"
        }
    }
}

private final class GatheredLines: BodyWriter {
    private var bytes: [UInt8] = []
    let isDraining = false

    var text: String { String(decoding: bytes, as: UTF8.self) }

    nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(BodyError) { self.bytes += bytes }
    func onEnd(_ action: @escaping () -> Void) {}
}

private let readAlertEvents = Statement(
    "test_alert_events", "select type, at, data from event where type in ('alert.firing', 'alert.resolved')")

extension AlertDesk {
    fileprivate func alertEvents() async throws -> [(type: String, at: Timestamp, data: JSONValue)] {
        try await database.query(readAlertEvents).map { row in
            (row.text(0), row.timestamp(1), try JSONValue.parse(row.json(2)))
        }
    }
}
