import Access
import Alerts
import EventLoop
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// One event of every type, and somebody of every role who follows all of them by webhook and by rule.
struct Gallery {
    /// What somebody got to see: types of the events themselves, and of those that alerts show.
    struct Seen {
        var own: Set<String> = []
        var shown: Set<String> = []
        /// Whether it was told why a use was denied.
        var knowsWhy = false

        /// - Parameter event: as the feed writes it.
        mutating func note(_ event: JSONValue) {
            read(event.bytes)
            if event["subject"]?.asString == Gallery.subject, let type = event["type"]?.asString {
                own.insert(type)
            } else if let shown = event["data"]?["event"].flatMap(Gallery.typeOfOurs) {
                self.shown.insert(shown)
            }
        }

        mutating func read(_ bytes: [UInt8]) {
            if String(decoding: bytes, as: UTF8.self).contains(Gallery.reason) { knowsWhy = true }
        }
    }

    static let feed = "/v1/events"
    private static let subject = "one of every type"
    fileprivate static let reason = "more than the ten thousand that the policy allows"
    private static let end = EventType("custom.end") ?? .keyUsed
    private static let types = EventType.all.map(\.name) + ["custom.gallery"]

    let premises: Premises
    let people: [(role: BuiltInRole, person: Person)]
    private let owner: Person
    private let webhooks: [String: String]
    private let start: String

    static func open(_ body: @Sendable (Gallery) async throws -> Void) async throws {
        try await Premises.open { worker, premises in
            let gallery = try await Gallery(premises)
            try await gallery.show(on: worker)
            try await body(gallery)
        }
    }

    // MARK: What must be seen

    static func readable(_ role: BuiltInRole) -> Set<String> {
        Set(types.filter { EventType($0).map { role.permissions.contains($0.permission) } ?? false })
    }

    static func firing(_ role: BuiltInRole) -> Set<String> {
        readable(role).filter { EventType($0)?.isOpenToRules ?? false }
    }

    /// Whether somebody who is told of denials is told why.
    static func mayKnowWhy(_ role: BuiltInRole) -> Bool {
        role.permissions.isSuperset(of: [.keysRead, .policiesRead])
    }

    static func alertable(_ role: BuiltInRole) -> Set<String> {
        role.permissions.contains(.alertsRead) ? firing(role) : []
    }

    // MARK: Setting up

    /// Everybody begins as an owner, so that they may set up what they then look through with less.
    private nonisolated(nonsending) init(_ premises: Premises) async throws {
        self.premises = premises
        owner = try await premises.owner()
        var (people, webhooks): ([(role: BuiltInRole, person: Person)], [String: String]) = ([], [:])
        for role in BuiltInRole.allCases {
            let person = try await premises.join("the-\(role.rawValue)", .owner, by: owner)
            webhooks[person.id] = try await Self.subscribe(person, premises)
            if role != .owner { try await Self.demote(person, to: role, by: owner, premises) }
            people.append((role, person))
        }
        (self.people, self.webhooks) = (people, webhooks)
        let end = try await premises.call("GET", Self.feed + "?after=now", as: owner.token)
        start = try #require(end.json["next_cursor"]?.asString)
    }

    /// A webhook that takes these, and rules over all of them that are open to rules; answers the webhook.
    nonisolated(nonsending) static func subscribe(
        _ person: Person, _ premises: Premises, taking types: [String] = types,
        groupBy: [String] = ["event.type"]
    ) async throws -> String {
        let made = try await premises.call(
            "POST", "/v1/webhooks", as: person.token,
            body: """
                {"name":"\(person.id)","url":"https://hooks.desk.example/keybell",\
                "event_types":\(list(types))}
                """)
        let webhook = try #require(made.json["id"]?.asString, "\(made.text)")
        let open = types.filter { EventType($0)?.isOpenToRules ?? false }
        // Closes of candles stand alone in a rule.
        let market = EventType.marketClosed.name
        for (name, on) in [(person.id, open.filter { $0 != market }), ("closes of \(person.id)", [market])] {
            let rule = try await premises.call(
                "POST", "/v1/alert-rules", as: person.token,
                body: """
                    {"name":"\(name)","severity":"info","on":\(list(on)),\
                    "group_by":\(list(groupBy)),"send_to":["\(webhook)"]}
                    """)
            let id = try #require(rule.json["id"]?.asString, "\(rule.text)")
            let enabled = try await premises.call("POST", "/v1/alert-rules/\(id)/enable", as: person.token)
            #expect(enabled.status == 200, "\(enabled.text)")
        }
        return webhook
    }

    static func list(_ texts: [String]) -> String {
        "[\(texts.map { "\"\($0)\"" }.joined(separator: ","))]"
    }

    private nonisolated(nonsending) static func demote(
        _ person: Person, to role: BuiltInRole, by owner: Person, _ premises: Premises
    ) async throws {
        let held = try await premises.call("GET", "/v1/grants?principal_id=\(person.id)", as: owner.token)
        let grant = try #require(held.json["data"]?[0]?["id"]?.asString)
        let given = try await premises.call(
            "POST", "/v1/grants", as: owner.token,
            body: #"{"principal_id":"\#(person.id)","role":"\#(role.rawValue)","on":{}}"#)
        let taken = try await premises.call("DELETE", "/v1/grants/\(grant)", as: owner.token)
        #expect(given.status == 201 && taken.status == 204)
    }

    /// Readers see events once no older transaction is open on the cluster, which other tests use too.
    private func show(on worker: isolated Worker) async throws {
        let context = Context.installation(
            now: premises.host.shared.clock.now(), requestID: "req_gallery")
        try await premises.host.rooms.ledger.record(context) { change in
            for type in Self.types.compactMap({ EventType($0) }) {
                var data = JSONObject()
                if type == .keyUseDenied {
                    _ = data.append("clause", "limits")
                    _ = data.append("reason", .string(Self.reason))
                }
                change.emit(NewEvent(type, subject: Self.subject, data: data))
            }
        }
        // Behind all of them, and behind the alerts that they fired.
        try await premises.host.rooms.ledger.record(context) { change in
            change.emit(NewEvent(Self.end, subject: "the end", data: JSONObject()))
        }
        for _ in 0..<600 {
            if try await list(as: owner).own.count == Self.types.count { return }
            await worker.reactor.sleep(nanoseconds: 100_000_000)
        }
        Issue.record("the events are not visible after a minute")
    }

    // MARK: Looking

    nonisolated(nonsending) func list(as person: Person) async throws -> Seen {
        try await list(by: person.token)
    }

    nonisolated(nonsending) func list(by token: String) async throws -> Seen {
        var (seen, after) = (Seen(), start)
        while true {
            let page = try await premises.call(
                "GET", "\(Self.feed)?limit=1000&after=\(after)", as: token)
            for event in page.json["data"]?.asArray ?? [] { seen.note(event) }
            let next = try #require(page.json["next_cursor"]?.asString, "\(page.text)")
            if next == after { return seen }
            after = next
        }
    }

    nonisolated(nonsending) func stream(as person: Person) async throws -> Seen {
        try await stream(by: person.token)
    }

    nonisolated(nonsending) func stream(by token: String) async throws -> Seen {
        let answer = try await premises.call(
            "GET", "\(Self.feed)/stream", as: token, headers: [(name: "last-event-id", value: start)])
        guard case .stream(let write) = answer.response.body else {
            Issue.record("no stream: \(answer.text)")
            return Seen()
        }
        let frames = Frames { $0["type"]?.asString == Self.end.name }
        try await write(frames)
        var seen = Seen()
        for event in frames.events { seen.note(event) }
        return seen
    }

    private static let told = Statement(
        "test_told", "select event_type, body from delivery where webhook = $1")
    private static let fired = Statement(
        "test_fired",
        """
        select alert.event from alert join alert_rule on alert_rule.id = alert.rule
        where alert_rule.owner = $1
        """)

    /// What is queued for the webhook of somebody, as it leaves.
    nonisolated(nonsending) func deliveries(to person: Person) async throws -> Seen {
        var seen = Seen()
        let webhook = try #require(webhooks[person.id].flatMap { WebhookID($0) })
        for row in try await premises.host.database.query(Self.told, .id(webhook)) {
            seen.read(row.bytes(1))
            let data = try JSONValue.parse(row.bytes(1))["data"]
            if data?["subject"]?.asString == Self.subject { seen.own.insert(row.text(0)) }
            if let shown = data?["event"].flatMap(Self.typeOfOurs) { seen.shown.insert(shown) }
        }
        return seen
    }

    nonisolated(nonsending) func fired(by person: Person) async throws -> Set<String> {
        let rows = try await premises.host.database.query(Self.fired, .text(person.id))
        return Set(try rows.compactMap { Self.typeOfOurs(try JSONValue.parse($0.json(0))) })
    }

    /// An access token of the owner that may do no more than this.
    nonisolated(nonsending) func token(scopes: [String]) async throws -> String {
        let made = try await premises.call(
            "POST", "/v1/access-tokens", as: owner.token,
            body: #"{"name":"narrow","scopes":\#(Self.list(scopes))}"#)
        return try #require(made.json["token"]?.asString, "\(made.text)")
    }

    /// Everything that is said of the alert that a denial fired for the owner.
    nonisolated(nonsending) func alertOfDenial(by token: String) async throws -> [TestAnswer] {
        let list = try await premises.call("GET", "/v1/alerts?limit=200", as: token)
        let rule = try #require(
            list.json["data"]?.asArray?.first {
                $0["event"]?["type"]?.asString == "key.use.denied"
                    && $0["rule"]?["name"]?.asString == people.first { $0.role == .owner }?.person.id
            }?["id"]?.asString, "\(list.text)")
        let one = try await premises.call("GET", "/v1/alerts/\(rule)", as: token)
        return [list, one, try await premises.call("GET", "/v1/alerts/\(rule)/explain", as: token)]
    }

    /// Of an event that was made to be seen; nil for those of setting up.
    static func typeOfOurs(_ event: JSONValue) -> String? {
        event["subject"]?.asString == subject ? event["type"]?.asString : nil
    }

    /// Every item of a list.
    nonisolated(nonsending) func pages(_ path: String, as person: Person) async throws -> [JSONValue] {
        var (items, cursor): ([JSONValue], String?) = ([], "")
        while let place = cursor {
            let next = place.isEmpty ? "" : "&cursor=\(place)"
            let page = try await premises.call("GET", path + next, as: person.token)
            #expect(page.status == 200, "\(page.text)")
            items += page.json["data"]?.asArray ?? []
            cursor = page.json["next_cursor"]?.asString
        }
        return items
    }
}

/// The receiving end of a stream: leaves when it has seen a last event.
final class Frames: BodyWriter {
    private(set) var events: [JSONValue] = []
    private let isLast: (JSONValue) -> Bool
    private var heartbeats = 0

    init(until isLast: @escaping (JSONValue) -> Bool) { self.isLast = isLast }

    /// Some heartbeats without it are a failure of the test, not an endless wait.
    var isDraining: Bool { heartbeats > 3 || events.contains(where: isLast) }

    nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(BodyError) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let data = lines.filter { $0.hasPrefix("data: ") }.map { $0.dropFirst(6) }
        if data.isEmpty { heartbeats += 1 }
        events += data.compactMap { try? JSONValue.parse(Array($0.utf8)) }
    }

    func onEnd(_ action: @escaping () -> Void) {}
}
