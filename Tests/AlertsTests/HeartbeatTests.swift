import Access
import Events
import HTTPServer
import JSON
import Jobs
import Kernel
import Postgres
import TestSupport
import Testing
import Webhooks

@testable import Alerts

struct HeartbeatTests {
    @Test func `what stops is missed once, and comes back, and its rule fires and is resolved`() async throws
    {
        try await withDesk { worker, desk in
            let made = try await desk.call(
                "POST", "heartbeats",
                #"{"name": "recon", "every": "10m", "grace": "5m", "alert": {"severity": "warning"}}"#)
            #expect(made.status == 201 && made.json["state"] == "waiting", "\(made.text)")
            let id = made.json["id"]?.asString ?? ""
            let engine = desk.courseEngine(on: worker)
            func step(_ minutes: Int64) async throws {
                for _ in 0..<minutes {
                    desk.now = desk.now + .minutes(1)
                    try await desk.watch()
                }
                try await desk.catchUp(engine)
            }
            for _ in 0..<3 {
                for (minutes, state) in [(10, "up"), (2, "late"), (2, "late")] as [(Int64, String)] {
                    try await step(minutes)
                    guard minutes == 2 else { continue }
                    #expect(try await desk.call("GET", "heartbeats/\(id)").json["state"]?.asString == state)
                }
                #expect(try await desk.call("POST", "heartbeats/\(id)/ping").json["state"] == "up")
            }
            #expect(desk.told.isEmpty)
            for _ in 0..<4 { try await step(15) }
            #expect(desk.told.map(\.type) == ["alert.firing"])
            #expect(desk.told[0].data["summary"]?.asString?.contains("recon is silent") == true)
            #expect(try await desk.call("GET", "heartbeats/\(id)").json["state"] == "missed")
            let url = made.json["ping_url"]?.asString ?? ""
            let path = url.replacing("http://127.0.0.1:8720/v1/", with: "")
            #expect(try await desk.call("POST", path).json["state"] == "up")
            try await step(1)
            #expect(desk.told.map(\.type) == ["alert.firing", "alert.resolved"])
            let beats = try await desk.database.query(beatEvents).map { ($0.text(0), $0.int(1)) }
            #expect(beats.map(\.0) == ["heartbeat.missed", "heartbeat.recovered"])
            #expect(beats.last?.1 == 45 * 60)
        }
    }

    @Test func `who could not hear does not say that nobody spoke`() async throws {
        try await withDesk { worker, desk in
            let made = try await desk.call(
                "POST", "heartbeats", #"{"name": "bot", "every": "10m", "grace": "2m"}"#)
            let id = made.json["id"]?.asString ?? ""
            try await desk.watch()
            // Nobody looks for an hour: the service is down, or sealed.
            desk.now = desk.now + .hours(1)
            try await desk.watch()
            #expect(try await desk.call("GET", "heartbeats/\(id)").json["state"] == "waiting")
            for _ in 0..<13 {
                desk.now = desk.now + .seconds(55)
                try await desk.watch()
            }
            #expect(try await desk.call("GET", "heartbeats/\(id)").json["state"] == "late")
            desk.now = desk.now + .seconds(55)
            try await desk.watch()
            #expect(try await desk.call("GET", "heartbeats/\(id)").json["state"] == "missed")
        }
    }

    @Test func `Keybell's own comes once a period, and not while the one before waits`() async throws {
        try await withDesk { worker, desk in
            let webhook = try await desk.webhook("outside")
            _ = try await desk.database.query(Self.choose, .id(webhook))
            func sent(_ after: Period) async throws -> Int {
                desk.now = desk.now + after
                try await desk.watch()
                return try await desk.database.query(Self.ownSent)[0].int(0)
            }
            #expect(try await sent(.seconds(1)) == 1)
            let body = try JSONValue.parse(try await desk.database.query(Self.ownBody)[0].bytes(0))
            #expect(body["type"] == "keybell.heartbeat" && body["data"]?["every"] == "1m")
            #expect(body["data"]?["next_at"]?.asString == (desk.now + .minutes(1)).description)
            // It failed, and is to be tried again in some hours: it is tried once a period meanwhile.
            _ = try await desk.database.query(Self.fail, .timestamp(desk.now + .hours(5)))
            func due() async throws -> (at: Timestamp, scheduled: Timestamp?) {
                let row = try await desk.database.query(Self.ownDue)[0]
                return (row.timestamp(0), row.optionalTimestamp(1))
            }
            let schedule = try await due().at
            #expect(try await sent(.seconds(30)) == 1)
            #expect(try await due().at == schedule)
            #expect(try await sent(.minutes(5)) == 1, "nobody has taken the first")
            #expect(try await due().at == desk.now)
            #expect(try await due().scheduled == schedule)
            _ = try await desk.database.query(Self.fail, .timestamp(desk.now + .hours(5)))
            #expect(try await sent(.seconds(30)) == 1)
            #expect(try await due().at > desk.now)
            _ = try await desk.database.query(Self.take)
            #expect(try await sent(.seconds(30)) == 2)
            _ = try await desk.database.query(Self.take)
            #expect(try await sent(.seconds(30)) == 2)
            #expect(try await sent(.seconds(30)) == 3)
            _ = try await desk.database.query(Self.take)
            _ = try await desk.database.query(Self.disable)
            #expect(try await sent(.minutes(5)) == 3, "a webhook that is disabled")
            _ = try await desk.database.query(Self.enable, .timestamp(desk.now + .days(1)))
            #expect(try await sent(.seconds(1)) == 4, "a clock that was a day ahead")
        }
    }

    @Test func `Keybell's own keeps its period, whether its job comes a bit early or late`() async throws {
        try await withDesk { worker, desk in
            let webhook = try await desk.webhook("outside")
            _ = try await desk.database.query(Self.chooseOften, .id(webhook))
            let start = desk.now
            var sent: [Int64] = []
            for (round, late) in [0, 3, -5, 40, -20, 15, 0, 300, -300, 2, 20].enumerated() {
                desk.now = start + .milliseconds(Int64(5_000 * round + late))
                let before = try await desk.database.query(Self.ownSent)[0].int(0)
                try await desk.watch()
                _ = try await desk.database.query(Self.take)
                let after = try await desk.database.query(Self.ownSent)[0].int(0)
                if after > before { sent.append(Int64(round)) }
            }
            #expect(sent == [0, 2, 4, 6, 8, 10])
            #expect(
                try await desk.database.query(Self.ownNext)[0].timestamp(0) == start + .seconds(60),
                "counted from the turn, not from the round")
            desk.now = desk.now + .minutes(3)
            try await desk.watch()
            #expect(
                try await desk.database.query(Self.ownNext)[0].timestamp(0) == desk.now + .seconds(10),
                "turns that nobody took are not made up for")
        }
    }

    private static let chooseOften = Statement(
        "test_choose_own_often",
        """
        with numbered as (insert into webhook_sequence (webhook) values ($1::uuid))
        update heartbeat_watch set webhook = $1::uuid, every = '10s', every_seconds = 10
        """)
    private static let ownNext = Statement("test_own_next", "select next_at from heartbeat_watch")
    private static let choose = Statement(
        "test_choose_own",
        """
        with numbered as (insert into webhook_sequence (webhook) values ($1::uuid))
        update heartbeat_watch set webhook = $1::uuid
        """)
    private static let ownSent = Statement(
        "test_own_sent", "select count(*) from delivery where event_type = 'keybell.heartbeat'")
    private static let ownBody = Statement("test_own_body", "select body from delivery")
    private static let take = Statement(
        "test_own_take",
        """
        update delivery set state = 'delivered', due_at = null, next_attempt_at = null, leased_by = null,
            delivered_at = now()
        """)
    private static let enable = Statement(
        "test_own_enable",
        """
        with watch as (update heartbeat_watch set next_at = $1::timestamptz)
        update webhook set status = 'active'
        """)
    private static let fail = Statement(
        "test_own_fail", "update delivery set due_at = $1, leased_by = null, schedule_due_at = null")
    private static let ownDue = Statement("test_own_due", "select due_at, schedule_due_at from delivery")
    private static let disable = Statement("test_own_disable", "update webhook set status = 'disabled'")

    @Test func `paused is not waited for, and other lengths count from the last ping`() async throws {
        try await withDesk { worker, desk in
            let made = try await desk.call("POST", "heartbeats", #"{"name": "a", "every": "1h"}"#)
            let path = "heartbeats/\(made.json["id"]?.asString ?? "")"
            func patch(_ body: String) async throws -> JSONValue {
                let etag = try await desk.call("GET", path).etag
                let answer = try await desk.call("PATCH", path, body, match: etag)
                #expect(answer.status == 200, "\(answer.text)")
                return answer.json
            }
            #expect(try await patch(#"{"paused": true}"#)["due_at"]?.isNull == true)
            desk.now = desk.now + .hours(5)
            try await desk.watch()
            #expect(try await desk.call("POST", path + "/ping").json["state"] == "paused")
            let due = desk.now + .minutes(61)
            #expect(try await patch(#"{"paused": false}"#)["due_at"]?.asString == due.description)
            let sooner = try await patch(#"{"every": "30m", "grace": "2m"}"#)
            #expect(sooner["due_at"]?.asString == (desk.now + .minutes(32)).description)
            #expect(
                try await desk.call("PATCH", path, #"{"every": "5s"}"#, match: "*").pointers == ["/every"])
            let gone = try await desk.call(
                "DELETE", path, match: try await desk.call("GET", path).etag)
            #expect(gone.status == 204)
            #expect(try await desk.call("POST", path + "/ping").status == 404)
        }
    }

    @Test func `an address pings its heartbeat until there is another, and the rule goes with it`()
        async throws
    {
        try await withDesk { worker, desk in
            let made = try await desk.call(
                "POST", "heartbeats", #"{"name": "a", "every": "1h", "alert": {}}"#)
            let path = "heartbeats/\(made.json["id"]?.asString ?? "")"
            let rule = made.json["rule_id"]?.asString ?? "none"
            #expect(try await desk.call("GET", "alert-rules/\(rule)").json["status"] == "enabled")
            func ping(_ answer: TestAnswer) async throws -> Int {
                let secret = answer.json["ping_url"]?.asString?.split(separator: "/").last ?? ""
                return try await desk.call("POST", "pings/\(secret)").status
            }
            #expect(try await ping(made) == 200)
            let renewed = try await desk.call("POST", path + "/ping-url")
            #expect(try await ping(made) == 404)
            #expect(try await ping(renewed) == 200)
            #expect(try await desk.call("GET", path).json["ping_url"] == nil)
            #expect(try await desk.call("POST", "pings/kbh_nothing").status == 404)
            let guarded = try await desk.call(
                "PATCH", "alert-rules/\(rule)", #"{"security": true}"#,
                match: try await desk.call("GET", "alert-rules/\(rule)").etag)
            #expect(guarded.status == 200, "\(guarded.text)")
            let etag = try await desk.call("GET", path).etag
            #expect(try await desk.call("DELETE", path, match: etag).status == 204)
            #expect(try await desk.call("GET", "alert-rules/\(rule)").status == 404)
            #expect(try await desk.events("rule.weakened").compactMap { $0["change"] } == ["deleted"])
        }
    }
}

private let beatEvents = Statement(
    "test_beat_events",
    """
    select type, coalesce((data ->> 'down_seconds')::bigint, 0) from event where type like 'heartbeat.%'
    order by at, id
    """)

extension AlertDesk {
    /// What the job does once.
    fileprivate func watch() async throws {
        let directory = WebhookDirectory(
            rights: RightsReader(now: { self.now }) { _, _, _ in [:] }, in: database)
        let outbox = WebhookOutbox(
            directory: directory, node: UUID(high: 9, low: 9), clock: ledger.clock, entropy: .system)
        let run = JobRun(
            id: RunID(UUID(at: now, entropy: .system)),
            context: .installation(now: now, requestID: "run_test"))
        _ = try await HeartbeatWatch(ledger: ledger, outbox: outbox).job.run(run)
    }
}
