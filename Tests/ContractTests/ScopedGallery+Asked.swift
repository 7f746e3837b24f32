import Access
import Alerts
import Events
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// What there is to ask about: events, alerts, and whose rules they are.
extension ScopedGallery {
    /// An id of each: of the events themselves, and of those that alerts told them by.
    struct Events {
        var own: [Shown: String] = [:]
        var alerts: [Shown: String] = [:]
    }

    nonisolated(nonsending) func events() async throws -> Events {
        var (events, after) = (Events(), start)
        while true {
            let page = try await premises.call(
                "GET", "\(Gallery.feed)?limit=1000&after=\(after)", as: owner.token)
            for event in page.json["data"]?.asArray ?? [] {
                if let shown = shown(event) {
                    events.own[shown] = event["id"]?.asString
                } else if let shown = shown(event["data"]?["event"]) {
                    events.alerts[shown] = event["id"]?.asString
                }
            }
            let next = try #require(page.json["next_cursor"]?.asString, "\(page.text)")
            if next == after { return events }
            after = next
        }
    }

    /// Permissions that no scope narrows are had everywhere or not at all.
    func hasEverywhere(_ somebody: Somebody, _ permission: Permission) -> Bool {
        has(somebody, [permission], at: .general)
    }

    // MARK: Rules

    nonisolated(nonsending) func rules(of person: Person) async throws -> [String] {
        let page = try await premises.call(
            "GET", "/v1/alert-rules?limit=200&owner_id=\(person.id)", as: owner.token)
        return (page.json["data"]?.asArray ?? []).compactMap { $0["id"]?.asString }
    }

    /// The first owner's, who is nobody of all, and everybody's.
    nonisolated(nonsending) func rulesByOwner() async throws -> [(somebody: Somebody?, rules: [String])] {
        var found: [(somebody: Somebody?, rules: [String])] = [(nil, try await rules(of: owner))]
        for somebody in everybody { found.append((somebody, try await rules(of: somebody.person))) }
        #expect(found.allSatisfy { $0.rules.count == 2 })
        return found
    }

    // MARK: Alerts

    struct Fired {
        let id: String
        let rule: String
        let isFiring: Bool
        fileprivate let needed: [Permission]
        fileprivate let place: Place
    }

    nonisolated(nonsending) func allAlerts() async throws -> [Fired] {
        try await pages("/v1/alerts", of: 200, as: owner).map { alert in
            let type = try #require(alert["event"]?["type"]?.asString.flatMap { EventType($0) })
            return Fired(
                id: alert["id"]?.asString ?? "", rule: alert["rule"]?["id"]?.asString ?? "",
                isFiring: alert["state"] == "firing", needed: [.alertsRead, type.permission],
                place: places[alert["event"]?["subject"]?.asString ?? ""] ?? .general)
        }
    }

    func visible(_ all: [Fired], to somebody: Somebody) -> [Fired] {
        all.filter { has(somebody, $0.needed, at: $0.place) }
    }

    /// An access token of the owner that may do no more than this.
    nonisolated(nonsending) func token(scopes: [String]) async throws -> String {
        let made = try await premises.call(
            "POST", "/v1/access-tokens", as: owner.token,
            body: #"{"name":"narrow","scopes":\#(Gallery.list(scopes))}"#)
        return try #require(made.json["token"]?.asString, "\(made.text)")
    }
}

// MARK: Backtests

extension Premises {
    struct BacktestRun {
        let status: Int
        let text: String

        var lines: [JSONValue] {
            text.split(separator: "\n").compactMap { try? JSONValue.parse(String($0)) }
        }
    }

    /// - Parameter body: without one, over all that was told since the test began.
    nonisolated(nonsending) func backtest(
        _ rule: String, as token: String, _ body: String? = nil
    ) async throws -> BacktestRun {
        let answer = try await call(
            "POST", "/v1/alert-rules/\(rule)/backtest", as: token,
            body: body ?? #"{"from":"\#(Timestamp.testStart)","over":"events"}"#)
        guard case .stream(let write) = answer.response.body else {
            return BacktestRun(status: answer.status, text: answer.text)
        }
        let kept = KeptBody()
        try await write(kept)
        return BacktestRun(status: answer.status, text: String(decoding: kept.bytes, as: UTF8.self))
    }
}

private final class KeptBody: BodyWriter {
    private(set) var bytes: [UInt8] = []
    var isDraining: Bool { false }

    nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(BodyError) { self.bytes += bytes }

    func onEnd(_ action: @escaping () -> Void) {}
}
