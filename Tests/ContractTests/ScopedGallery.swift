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

/// One event of every type about each of two things, and somebody of every role who has it on one of them, or
/// on all but the other.
struct ScopedGallery {
    enum Reach: CaseIterable {
        /// The role is granted on the first thing only.
        case onlyFirst
        /// It is granted on everything, and denied on the second.
        case notSecond
    }

    /// Where an event happens: at one of two things, or at none.
    enum Place { case first, second, general }

    struct Shown: Hashable, CustomStringConvertible {
        let type: String
        let subject: String

        var description: String { "\(type) of \(subject)" }
    }

    struct Somebody {
        let role: BuiltInRole
        let reach: Reach
        let person: Person
        let webhook: String

        var name: Comment { Comment(rawValue: "\(role) \(reach)") }
    }

    /// What every event tells of itself, denials only to some.
    static let reason = "seen"

    let premises: Premises
    let owner: Person
    let everybody: [Somebody]
    let places: [String: Place]
    private let all: [Shown]
    private let known: Set<Shown>
    let start: String

    static func open(_ body: @Sendable (ScopedGallery) async throws -> Void) async throws {
        try await Premises.open { worker, premises in
            let gallery = try await ScopedGallery(premises)
            try await gallery.show(on: worker)
            try await body(gallery)
            #expect(premises.mistakes == [])
        }
    }

    // MARK: What must be seen

    func visible(to somebody: Somebody, asking: [Permission], _ isAsked: (EventType) -> Bool = { _ in true })
        -> Set<Shown>
    {
        Set(
            all.filter { shown in
                guard let type = EventType(shown.type), isAsked(type) else { return false }
                return has(somebody, asking + [type.permission], at: places[shown.subject] ?? .general)
            })
    }

    func has(_ somebody: Somebody, _ needed: [Permission], at place: Place) -> Bool {
        guard somebody.role.permissions.isSuperset(of: needed) else { return false }
        return switch somebody.reach {
        case .onlyFirst: place == .first && needed.allSatisfy(\.takesScope)
        case .notSecond: place != .second || !needed.contains(where: \.takesScope)
        }
    }

    // MARK: Setting up

    private nonisolated(nonsending) init(_ premises: Premises) async throws {
        self.premises = premises
        owner = try await premises.owner()
        let first = try await premises.thing("first", by: owner)
        let second = try await premises.thing("second", by: owner)
        places = [
            first.key: .first, first.account: .first, second.key: .second, second.account: .second,
        ]
        let listed: [Shown] = EventType.all.flatMap { type in
            Self.subjects(of: type.name, first, second).map { Shown(type: type.name, subject: $0) }
        }
        let own = ["nothing", second.key, first.key]
        all = listed + own.map { Shown(type: "custom.gallery", subject: $0) }
        known = Set(all)
        _ = try await Self.subscribe(owner, premises)
        var everybody: [Somebody] = []
        for role in BuiltInRole.allCases {
            for reach in Reach.allCases {
                let person = try await premises.join("\(role)-\(reach)", .owner, by: owner)
                let webhook = try await Self.subscribe(person, premises)
                try await Self.demote(person, premises, by: owner)
                switch reach {
                case .onlyFirst: try await premises.grant(role, to: person, on: first.scope)
                case .notSecond:
                    try await premises.grant(role, to: person, on: .everything)
                    try await premises.grant(role, to: person, on: second.scope, .deny)
                }
                everybody.append(Somebody(role: role, reach: reach, person: person, webhook: webhook))
            }
        }
        self.everybody = everybody
        let end = try await premises.call("GET", Gallery.feed + "?after=now", as: owner.token)
        start = try #require(end.json["next_cursor"]?.asString)
    }

    private static func subjects(of type: String, _ first: Premises.Thing, _ second: Premises.Thing)
        -> [String]
    {
        switch type.prefix(while: { $0 != "." }) {
        case "key": [first.key, second.key]
        case "account": [first.account, second.account]
        case "policy": [first.key, second.key, first.account, second.account, "desk"]
        default: ["nothing"]
        }
    }

    private nonisolated(nonsending) static func subscribe(_ person: Person, _ premises: Premises) async throws
        -> String
    {
        let types = EventType.all.filter(\.isOpenToRules).map(\.name) + ["custom.gallery", "alert.*"]
        return try await Gallery.subscribe(
            person, premises, taking: types, groupBy: ["event.type", "event.subject"])
    }

    private nonisolated(nonsending) static func demote(
        _ person: Person, _ premises: Premises, by owner: Person
    ) async throws {
        let held = try await premises.call("GET", "/v1/grants?principal_id=\(person.id)", as: owner.token)
        let grant = try #require(held.json["data"]?[0]?["id"]?.asString)
        #expect(try await premises.call("DELETE", "/v1/grants/\(grant)", as: owner.token).status == 204)
    }

    /// Readers see events once no older transaction is open on the cluster, which other tests use too.
    private func show(on worker: isolated Worker) async throws {
        let context = Context.installation(
            now: premises.host.shared.clock.now(), requestID: "req_gallery")
        try await premises.host.rooms.ledger.record(context) { change in
            for shown in all {
                guard let type = EventType(shown.type) else { continue }
                change.emit(NewEvent(type, subject: shown.subject, ["reason": .string(Self.reason)]))
            }
        }
        for _ in 0..<600 {
            if try await feed(as: owner).count == all.count { return }
            await worker.reactor.sleep(nanoseconds: 100_000_000)
        }
        Issue.record("the events are not visible after a minute")
    }

    // MARK: Looking

    /// Of ours; of alerts nothing.
    nonisolated(nonsending) func feed(as person: Person) async throws -> Set<Shown> {
        var (seen, after): (Set<Shown>, String) = ([], start)
        while true {
            let page = try await premises.call(
                "GET", "\(Gallery.feed)?limit=1000&after=\(after)", as: person.token)
            for event in page.json["data"]?.asArray ?? [] {
                if let shown = shown(event) { seen.insert(shown) }
            }
            let next = try #require(page.json["next_cursor"]?.asString, "\(page.text)")
            if next == after { return seen }
            after = next
        }
    }

    /// What the alerts in the feed show.
    nonisolated(nonsending) func alertsInFeed(as person: Person) async throws -> Set<Shown> {
        var (seen, after): (Set<Shown>, String) = ([], start)
        while true {
            let page = try await premises.call(
                "GET", "\(Gallery.feed)?limit=1000&type=alert.*&after=\(after)", as: person.token)
            for event in page.json["data"]?.asArray ?? [] {
                if let shown = event["data"]?["event"].flatMap(shown) { seen.insert(shown) }
            }
            let next = try #require(page.json["next_cursor"]?.asString, "\(page.text)")
            if next == after { return seen }
            after = next
        }
    }

    nonisolated(nonsending) func stream(as person: Person) async throws -> Set<Shown> {
        let answer = try await premises.call(
            "GET", "\(Gallery.feed)/stream", as: person.token,
            headers: [(name: "last-event-id", value: start)])
        guard case .stream(let write) = answer.response.body else {
            Issue.record("no stream: \(answer.text)")
            return []
        }
        let frames = Frames { [places] in
            $0["type"] == "custom.gallery" && places[$0["subject"]?.asString ?? ""] == .first
        }
        try await write(frames)
        return Set(frames.events.compactMap(shown))
    }

    func shown(_ event: JSONValue?) -> Shown? {
        guard let type = event?["type"]?.asString, let subject = event?["subject"]?.asString else {
            return nil
        }
        let shown = Shown(type: type, subject: subject)
        return known.contains(shown) ? shown : nil
    }

    private static let told = Statement(
        "test_scoped_told", "select event_type, body from delivery where webhook = $1")

    /// What is queued for the webhook of somebody: the events themselves, and those that alerts show.
    nonisolated(nonsending) func told(_ somebody: Somebody) async throws -> (
        own: Set<Shown>, alerts: Set<Shown>
    ) {
        var (own, alerts): (Set<Shown>, Set<Shown>) = ([], [])
        let webhook = try #require(WebhookID(somebody.webhook))
        for row in try await premises.host.database.query(Self.told, .id(webhook)) {
            let data = try JSONValue.parse(row.bytes(1))["data"]
            if let event = data?["event"] {
                if let shown = shown(event) { alerts.insert(shown) }
            } else if let subject = data?["subject"]?.asString {
                let shown = Shown(type: row.text(0), subject: subject)
                if known.contains(shown) { own.insert(shown) }
            }
        }
        return (own, alerts)
    }

    /// What all alerts show that somebody finds, with an id of each.
    nonisolated(nonsending) func alerts(as person: Person) async throws -> [Shown: String] {
        var found: [Shown: String] = [:]
        for alert in try await pages("/v1/alerts", of: 200, as: person) {
            if let shown = alert["event"].flatMap(shown) { found[shown] = alert["id"]?.asString }
        }
        return found
    }

    /// Every item of a list; all pages but the last are full.
    nonisolated(nonsending) func pages(_ path: String, of limit: Int, as person: Person) async throws
        -> [JSONValue]
    {
        var (items, cursor): ([JSONValue], String?) = ([], "")
        while let place = cursor {
            let next = place.isEmpty ? "" : "&cursor=\(place)"
            let page = try await premises.call(
                "GET", "\(path)?limit=\(limit)\(next)", as: person.token)
            #expect(page.status == 200, "\(page.text)")
            let data = page.json["data"]?.asArray ?? []
            items += data
            cursor = page.json["next_cursor"]?.asString
            if cursor != nil { #expect(data.count == limit) }
        }
        return items
    }

    private static let rows = Statement(
        "test_scoped_deliveries",
        "select id, event_type, body, permissions from delivery where event is not null")

    /// What deliveries are about, and which permissions they need.
    struct Delivered {
        let id: String
        fileprivate let needed: [Permission]
        fileprivate let place: Place
    }

    nonisolated(nonsending) func allDeliveries() async throws -> [Delivered] {
        try await premises.host.database.query(Self.rows).map { row in
            let data = try JSONValue.parse(row.bytes(2))["data"]
            let subject = (data?["event"] ?? data)?["subject"]?.asString ?? ""
            return Delivered(
                id: row.id(0, as: DeliveryKind.self).description,
                needed: row.textArray(3).compactMap(Permission.init) + [.deliveriesRead],
                place: places[subject] ?? .general)
        }
    }

    func visible(_ all: [Delivered], to somebody: Somebody) -> Set<String> {
        Set(all.filter { has(somebody, $0.needed, at: $0.place) }.map(\.id))
    }
}
