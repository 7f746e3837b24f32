import Access
import Alerts
import EventLoop
import Events
import Glibc
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Webhooks

// What alert rules cost, in one process beside a scratch cluster: an event beside 10,000 point rules of which
// 1 or 100 may be about it; a backtest over a million stored events; a million open windows. What it leaves
// out: sockets, HTTP, deliveries, and the disk (the scratch cluster does not sync).

let owner = PrincipalID(.user, UUID(high: 1, low: 1))
let everything = Set(Permission.allCases)
let eventCount = 1_000_000

final class Sink: BodyWriter {
    var bytes: [UInt8] = []
    let isDraining = false

    nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(BodyError) { self.bytes += bytes }
    func onEnd(_ action: @escaping () -> Void) {}
}

struct Desk {
    let ledger: Ledger
    let engine: AlertEngine
    let rights: RightsReader
    let caller: TestCaller

    init(_ database: Database) {
        let ledger = Ledger(database: database, clock: .system, entropy: .system)
        let rights = RightsReader(now: Clock.system.now) { _, _, _ in [owner: Rights(everywhere: everything)]
        }
        (self.ledger, self.rights) = (ledger, rights)
        engine = AlertEngine(
            ledger: ledger, rights: rights, receivers: WebhookDirectory(rights: rights, in: database),
            origin: "http://127.0.0.1")
        let rules = AlertRuleStore(database: database)
        caller = TestCaller(AlertRuleEndpoints(rules: rules, ledger: ledger, rights: rights).operations)
    }

    var context: Context { testContext(everything, at: Clock.system.now(), principal: owner) }

    func rule(_ body: String) async throws -> String {
        let made = try await caller.call("POST", "/v1/alert-rules", context, body: body)
        let id = made.json["id"]?.asString ?? made.text
        let enabled = try await caller.call("POST", "/v1/alert-rules/\(id)/enable", context)
        precondition(enabled.status == 200, enabled.text)
        return id
    }
}

func seconds(since begin: UInt64) -> Double {
    Double(Clock.system.monotonicNanoseconds() - begin) / 1e9
}

// MARK: Point rules

let manyRules = Statement(
    "bench_rules",
    """
    insert into alert_rule (id, owner, status, version, revision, created_at, updated_at, name, severity,
        event_types, condition, group_by, labels, send_to, is_security, is_retroactive, tests)
    select gen_random_uuid(), $1, 'enabled', 1, 1, now(), now(), 'rule ' || n, 'info', array['custom.a'],
        'event.key == "k' || n / $2 || '" && event.v > 100 && event.text.startsWith("x")', '{}', '{}', '{}',
        false, false, '[]'
    from generate_series(0, 9999) n
    """)

func measurePointRules(candidates: Int) async throws {
    try await ScratchDatabase.make(migrated: true).withDatabase { worker, database in
        let desk = Desk(database)
        try await database.transaction { transaction in
            _ = try await transaction.query(manyRules, .text(owner.description), .int(candidates))
            try await Authority.configure(in: transaction)
        }
        guard let type = EventType("custom.a") else { return }
        let events = (0..<200).map { number in
            Event(
                id: desk.ledger.newID(), at: Clock.system.now(), type: type, subject: "s",
                actor: .installation,
                data: JSONObject(members: [
                    ("key", .string("k\(number % (10_000 / candidates))")),
                    ("v", .number(JSONNumber(number))), ("text", "not so"), ("other", "word"),
                ]))
        }
        let rounds = candidates == 1 ? 500 : 30
        var begin: UInt64 = 0
        // The first round reads the rules.
        for round in 0...rounds {
            if round == 1 { begin = Clock.system.monotonicNanoseconds() }
            try await database.transaction { transaction in
                _ = try await desk.engine.messages(for: events, in: transaction)
            }
        }
        let rate = Double(rounds * events.count) / seconds(since: begin)
        print("10,000 point rules, \(candidates) may be about an event: \(Int(rate)) events a second")
    }
}

let oneRuleChanges = Statement(
    "bench_rule_change",
    "update alert_rule set revision = revision + 1 where name = 'rule 42'")

/// How long the first event waits for the rules to be read: all of them, and after one changed.
func measureRuleChange() async throws {
    try await ScratchDatabase.make(migrated: true).withDatabase { worker, database in
        let desk = Desk(database)
        try await database.transaction { transaction in
            _ = try await transaction.query(manyRules, .text(owner.description), .int(1))
            try await Authority.configure(in: transaction)
        }
        guard let type = EventType("custom.a") else { return }
        let event = Event(
            id: desk.ledger.newID(), at: Clock.system.now(), type: type, subject: "s",
            actor: .installation, data: JSONObject(members: [("key", "k0"), ("v", 1), ("text", "not so")]))
        func milliseconds() async throws -> Double {
            let begin = Clock.system.monotonicNanoseconds()
            try await database.transaction { transaction in
                _ = try await desk.engine.messages(for: [event], in: transaction)
            }
            return seconds(since: begin) * 1_000
        }
        let first = try await milliseconds()
        var others: [Double] = []
        for _ in 0..<20 {
            try await database.transaction { transaction in
                _ = try await transaction.query(oneRuleChanges)
                try await Authority.configure(in: transaction)
            }
            others.append(try await milliseconds())
        }
        others.sort()
        print("10,000 rules are read in \(first) ms, after one changed in \(others[10]) ms")
    }
}

// MARK: History and windows

let manyEvents = Statement(
    "bench_events",
    """
    insert into event (era, id, at, type, subject, data)
    select 1, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        now() - interval '1 hour' + n * interval '2 milliseconds', 'custom.a', 's',
        jsonb_build_object('g', 'group ' || case when $1 then n else n % 100 end, 'v', n % 1000, 'text',
            repeat('x', 40), 'key', 'key ' || n % 50)
    from generate_series(1, $2) n
    """)
var patientSettings: SessionSettings {
    var settings = SessionSettings()
    settings.statementTimeout = .minutes(5)
    return settings
}

let countWindows = Statement("bench_windows", "select count(*) from rule_window")

func measureBacktest() async throws {
    try await ScratchDatabase.make(migrated: true).withDatabase(
        settings: patientSettings
    ) { worker, database in
        let desk = Desk(database)
        let id = try await desk.rule(
            """
            {"name": "b", "severity": "info", "on": ["custom.a"],
             "when": "event.v > 990 && event.key != 'none'", "group_by": ["event.g"],
             "window": {"count": 3, "within": "10m"}}
            """)
        _ = try await database.transaction { transaction in
            try await transaction.query(manyEvents, .bool(false), .int(eventCount))
        }
        // As the server does by itself within a minute.
        _ = try await database.query(Statement("bench_analyze", "analyze event"))
        for _ in 0..<3 {
            let from = Clock.system.now() - .days(1)
            let answer = try await desk.caller.call(
                "POST", "/v1/alert-rules/\(id)/backtest", desk.context,
                body: #"{"from": "\#(from)", "to": "\#(Clock.system.now() + .days(1))"}"#)
            guard case .stream(let write) = answer.response.body else { return print(answer.text) }
            let sink = Sink()
            try await write(sink)
            let last = String(decoding: sink.bytes, as: UTF8.self).split(separator: "\n").last ?? ""
            let summary = try JSONValue.parse(String(last))
            let rate = (summary["events"]?.asDouble ?? 0) / (summary["seconds"]?.asDouble ?? 1)
            print("backtest: \(Int(rate)) events a second, \(summary["firings"]?.asInt ?? 0) firings")
        }
    }
}

func measureWindows() async throws {
    try await ScratchDatabase.make(migrated: true).withDatabase(
        settings: patientSettings
    ) { worker, database in
        let desk = Desk(database)
        _ = try await desk.rule(
            """
            {"name": "w", "severity": "info", "on": ["custom.a"], "group_by": ["event.g"],
             "window": {"count": 5, "within": "30d"}}
            """)
        _ = try await database.transaction { transaction in
            try await transaction.query(manyEvents, .bool(true), .int(eventCount))
        }
        let before = residentKilobytes()
        let engine = CourseEngine(
            ledger: desk.ledger, alerts: desk.engine, rights: desk.rights, node: UUID(high: 1, low: 1),
            nodes: { 1 }, reactor: worker.reactor, log: .silent
        ) { _, _ in nil }
        let begin = Clock.system.monotonicNanoseconds()
        engine.start(on: worker)
        while try await database.query(countWindows).first?.int(0) ?? 0 < eventCount {
            await worker.reactor.sleep(nanoseconds: 500_000_000)
        }
        let time = seconds(since: begin)
        print(
            """
            a million open windows: \((residentKilobytes() - before) / 1_024) MB more, \
            \(Int(Double(eventCount) / time)) events a second that each open one
            """)
        await engine.stop()
    }
}

func residentKilobytes() -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if text.hasPrefix("VmRSS:") { return Int(text.filter(\.isNumber)) ?? 0 }
    }
    return 0
}

try await measurePointRules(candidates: 1)
try await measurePointRules(candidates: 100)
try await measureRuleChange()
try await measureBacktest()
try await measureWindows()
