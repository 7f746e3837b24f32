import Access
import EventLoop
import Events
import HTTPServer
import Jobs
import JSON
import Kernel
import Postgres
import Synchronization
import TestSupport
import Webhooks

@testable import Alerts

/// Ledger, engine and endpoints of one worker, with a wall clock that the test moves.
final class AlertDesk {
    let database: Database
    let ledger: Ledger
    let engine: AlertEngine
    let caller: TestCaller
    /// What receivers were told of, committed or not.
    private(set) var told: [Message] = []
    var now = Timestamp.testStart { didSet { moment.set(now) } }
    private let moment: Moment
    /// Principals and what they may do; others do not exist.
    let rights: RightsBook
    private let reader: RightsReader

    final class RightsBook {
        var permissions: [PrincipalID: Set<Permission>] = [:]
        /// Of those who may do something on some things only.
        var scoped: [PrincipalID: Rights] = [:]
        /// Of those who stay.
        var left: (Context) -> EventLeave? = { EventLeave($0.rights) }
    }

    static let owner = PrincipalID(.user, UUID(high: 1, low: 1))
    /// Of the webhook that takes all alerts.
    static let listener = PrincipalID(.user, UUID(high: 1, low: 99))
    /// What rules reach.
    let keys: StandInKeys

    init(_ database: Database) {
        self.database = database
        let moment = Moment()
        self.moment = moment
        let clock = Clock(
            now: { moment.now }, monotonicNanoseconds: { UInt64(moment.now.microseconds) * 1_000 })
        let ledger = Ledger(database: database, clock: clock, entropy: .system)
        self.ledger = ledger
        let rights = RightsBook()
        rights.permissions[Self.owner] = Set(Permission.allCases)
        rights.permissions[Self.listener] = Set(Permission.allCases)
        self.rights = rights
        reader = RightsReader(now: clock.now) { _, _, _ in
            rights.permissions.mapValues { Rights(everywhere: $0) }.merging(rights.scoped) { $1 }
        }
        engine = AlertEngine(
            ledger: ledger, rights: reader, receivers: WebhookDirectory(rights: reader, in: database),
            origin: "http://127.0.0.1:8720")
        let rules = AlertRuleStore(database: database)
        let alerts = AlertStore(database: database)
        let keys = StandInKeys()
        self.keys = keys
        caller = TestCaller(
            AlertRuleEndpoints(
                rules: rules, ledger: ledger, rights: reader, hands: keys.hands,
                backtests: StreamLimit(perPrincipal: 2)
            ) { rights.left($0) }.operations
                + HeartbeatEndpoints(ledger: ledger, rules: rules, origin: "http://127.0.0.1:8720").operations
                + AlertEndpoints(
                    alerts: alerts, rules: rules, ledger: ledger, origin: "http://127.0.0.1:8720"
                ).operations
                + AlertRouteEndpoints(ledger: ledger).operations
                + SilenceEndpoints(ledger: ledger, alerts: alerts).operations
                + MaintenanceWindowEndpoints(ledger: ledger).operations
                + QuietHoursEndpoints(ledger: ledger).operations
                + [EventExplanationEndpoint(rules: rules, rights: reader, rulesAtMost: 3).operation])
        ledger.react { [unowned self] events, transaction in
            told += try await engine.messages(for: events, in: transaction)
            return nil
        }
    }

    /// What time does by now. Its messages are told, too.
    func dues() async throws {
        let dues = AlertDues(
            ledger: ledger, engine: engine, rights: reader, origin: "http://127.0.0.1:8720"
        ) { [unowned self] messages, _ in
            told += messages
            return nil
        }
        let context = Context.installation(now: now, requestID: "job")
        _ = try await dues.job.run(JobRun(id: ledger.newID(), context: context))
    }

    private static let insertWebhook = Statement(
        "test_webhook",
        """
        with generation as (
            insert into key_encryption_key (generation, wrapped) values (1, '') on conflict do nothing
        )
        insert into webhook (id, name, name_folded, url, event_types, owner, status, public_key, signing_key,
            created_at, updated_at)
        values ($1, $2, $2, 'https://a.example/', $4, $3, 'active', '', '\\x0100000001', now(),
            now())
        """)
    private static let filter = Statement("test_filter", "update webhook set matchers = $2 where id = $1")

    private static let makePager = Statement(
        "test_pager",
        "insert into webhook_channel (webhook, kind, settings, secrets) values ($1, 'pagerduty', '{}', '{}')")

    /// A receiver, which routes may name.
    /// - Parameter labels: a matcher's JSON, that alerts' labels must fit.
    func webhook(
        _ name: String, isPager: Bool = false, of owner: PrincipalID = AlertDesk.owner,
        takes types: [String] = ["alert.*"], labels: String? = nil
    ) async throws -> WebhookID {
        let id: WebhookID = ledger.newID()
        try await ledger.change(context()) { change in
            _ = try await change.transaction.query(
                Self.insertWebhook, .id(id), .text(name), .text(owner.description), .textArray(types))
            if isPager { _ = try await change.transaction.query(Self.makePager, .id(id)) }
            if let labels {
                _ = try await change.transaction.query(
                    Self.filter, .id(id), .json(Array(labels.utf8)))
            }
            change.touchesConfiguration = true
        }
        return id
    }

    func narrow(_ webhook: WebhookID, to matchers: [LabelMatcher]) async throws {
        try await ledger.change(context()) { change in
            _ = try await change.transaction.query(Self.filter, .id(webhook), .json(matchers.json))
            change.touchesConfiguration = true
        }
    }

    /// What a deletion of it is refused with.
    func uses(of webhook: WebhookID, _ context: Context) async throws -> String? {
        let uses = try await database.transaction { try await WebhookUses.read(webhook, context, $0) }
        do throws(Problem) {
            try uses.refuseAny()
            return nil
        } catch {
            return error.detail
        }
    }

    private static let disable = Statement(
        "test_disable", "update webhook set status = 'disabled' where id = $1")

    func disable(_ webhook: WebhookID) async throws {
        try await ledger.change(context()) { change in
            _ = try await change.transaction.query(Self.disable, .id(webhook))
            change.touchesConfiguration = true
        }
    }

    /// Another node's reader of events.
    func courseEngine(
        on worker: isolated Worker, node: UInt64 = 1, nodes: @escaping () -> Int = { 1 },
        groupsAtMost: Int = GroupStates.groupsAtMost
    ) -> CourseEngine {
        CourseEngine(
            ledger: ledger, alerts: engine, rights: reader, node: UUID(high: 9, low: node), nodes: nodes,
            reactor: worker.reactor, log: .silent, groupsAtMost: groupsAtMost
        ) { [unowned self] messages, _ in
            told += messages
            return nil
        }
    }

    /// Another node's carrying out.
    func runner() -> RuleActionRunner {
        RuleActionRunner(ledger: ledger, rights: reader, hands: keys.hands, reactor: nil, log: .silent)
    }

    func context(_ permissions: Set<Permission> = Set(Permission.allCases)) -> Context {
        testContext(permissions, at: now, principal: Self.owner)
    }

    func call(
        _ method: String, _ target: String, _ body: String = "", match etag: String? = nil,
        as context: Context? = nil
    ) async throws -> TestAnswer {
        let headers = etag.map { [(name: "if-match", value: $0)] } ?? []
        return try await caller.call(
            method, "/v1/\(target)", context ?? self.context(), headers: headers, body: body)
    }

    /// A rule that runs; returns its id.
    func enabledRule(_ body: String) async throws -> String {
        let made = try await call("POST", "alert-rules", body)
        let id = made.json["id"]?.asString ?? "none: \(made.text)"
        let enabled = try await call("POST", "alert-rules/\(id)/enable")
        guard enabled.status == 200 else { throw TestFailure(text: enabled.text) }
        return id
    }

    @discardableResult
    func emit(_ type: EventType, _ fields: JSONValue, subject: String? = "x") async throws -> Event {
        try await ledger.change(context()) { change in
            change.emit(NewEvent(type, subject: subject, data: fields.asObject ?? JSONObject()))
        }
    }

    @discardableResult
    func grade(
        _ symbol: String, from previous: JSONValue, to grade: JSONValue, retroactive: Bool = false
    ) async throws -> Event {
        try await emit(
            .gradeChanged,
            [
                "token_id": .string(symbol), "symbol": .string(symbol), "interval": "1d",
                "retroactive": .bool(retroactive), "previous": previous, "grade": grade,
            ])
    }

    func alerts(as context: Context? = nil) async throws -> [JSONValue] {
        try await call("GET", "alerts", as: context).json["data"]?.asArray ?? []
    }

    func count(_ table: StaticString) async throws -> Int {
        switch "\(table)" {
        case "alert": try await database.query(Self.alertCount).first?.int(0) ?? -1
        case "rule_firing": try await database.query(Self.firingCount).first?.int(0) ?? -1
        default: try await database.query(Self.eventCount).first?.int(0) ?? -1
        }
    }

    private static let alertCount = Statement("test_alerts", "select count(*) from alert")
    private static let firingCount = Statement("test_firings", "select count(*) from rule_firing")
    private static let eventCount = Statement("test_events", "select count(*) from event")
}

/// What the clocks of a desk show.
private final class Moment: Sendable {
    private let time = Mutex(Timestamp.testStart)

    var now: Timestamp { time.withLock { $0 } }
    func set(_ now: Timestamp) { time.withLock { $0 = now } }
}

struct TestFailure: Error { let text: String }

/// Runs `body` with a desk on a database of its own.
/// - Parameter hasSubscriber: somebody takes all alerts, so that there is somebody to tell.
func withDesk(
    hasSubscriber: Bool = true, _ body: @Sendable (isolated Worker, AlertDesk) async throws -> Void
) async throws {
    let scratch = try await ScratchDatabase.make(migrated: true)
    try await scratch.withDatabase { worker, database in
        let desk = AlertDesk(database)
        if hasSubscriber {
            _ = try await desk.webhook("everybody", of: AlertDesk.listener)
        }
        try await body(worker, desk)
    }
}

let crossing = """
    {"name": "Grade crosses 70", "severity": "info", "on": ["grade.changed"],
     "when": "event.previous < 70 && event.grade >= 70", "group_by": ["event.token_id", "event.interval"],
     "tests": [{"event": {"type": "grade.changed", "previous": 69.5, "grade": 70.5}, "expect": "fires"},
               {"event": {"type": "grade.changed", "previous": 71, "grade": 72}, "expect": "silent"}]}
    """
