import Access
import Events
import Jobs
import JSON
import Kernel
import Testing
import TestSupport
import Webhooks

@testable import Alerts

struct AlertEndpointsTests {
    @Test func `T23: an alert is seen by those who may read the event that fired it`() async throws {
        try await withDesk { worker, desk in
            for type in EventType.all where type.isOpenToRules {
                _ = try await desk.enabledRule(
                    #"{"name": "on \#(type)", "severity": "info", "on": ["\#(type)"]}"#)
            }
            _ = try await desk.enabledRule(#"{"name": "own", "severity": "info", "on": ["custom.*"]}"#)
            let custom = try #require(EventType("custom.a"))
            let types = EventType.all.filter(\.isOpenToRules) + [custom]
            for type in types { try await desk.emit(type, [:]) }
            for role in BuiltInRole.allCases {
                let reader = desk.context(role.permissions.union([.alertsRead, .alertsWrite]))
                let page = try await desk.call("GET", "alerts?limit=200", as: reader)
                let seen = page.json["data"]?.asArray?.compactMap { $0["event"]?["type"]?.asString } ?? []
                let readable = types.filter { reader.may($0.permission) }.map(\.name)
                #expect(seen.sorted() == readable.sorted(), "\(role)")
            }
            let blind = desk.context([.alertsRead, .alertsWrite])
            let id = try await desk.alerts().first?["id"]?.asString ?? "none"
            #expect(try await desk.call("GET", "alerts/\(id)").status == 200)
            for (method, path) in [
                ("GET", ""), ("GET", "/explain"), ("POST", "/resolve"), ("POST", "/acknowledge"),
            ] {
                #expect(try await desk.call(method, "alerts/\(id)\(path)", as: blind).status == 404)
            }
        }
    }

    @Test func `an alert is acknowledged once, resolved once, and then the group fires anew`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(crossing)
            try await desk.grade("SOL", from: 60, to: 71)
            let id = try #require(try await desk.alerts().first?["id"]?.asString)
            let first = try await desk.call("POST", "alerts/\(id)/acknowledge", #"{"note": "looking"}"#)
            #expect(first.json["acknowledge_note"] == "looking")
            #expect(first.json["acknowledged_by"]?.asString == AlertDesk.owner.description)
            let second = try await desk.call("POST", "alerts/\(id)/acknowledge", #"{"note": "me too"}"#)
            #expect(second.json["acknowledge_note"] == "looking")
            #expect(try await desk.call("GET", "alerts?acknowledged=false").json["data"] == [])
            let stale = try await desk.call("POST", "alerts/\(id)/resolve", match: "\"1\"")
            #expect(stale.status == 412)
            let resolved = try await desk.call("POST", "alerts/\(id)/resolve", match: first.etag)
            #expect(resolved.json["state"] == "resolved")
            #expect(desk.told.map(\.type) == ["alert.firing", "alert.acknowledged", "alert.resolved"])
            #expect(desk.told.last?.data["resolved_by"]?.asString == AlertDesk.owner.description)
            #expect(
                try await desk.call("POST", "alerts/\(id)/resolve").json["revision"]
                    == resolved.json["revision"])
            #expect(try await desk.call("POST", "alerts/\(id)/acknowledge").code == "conflict")
            #expect(desk.told.count == 3)
            try await desk.grade("SOL", from: 60, to: 71)
            #expect(try await desk.alerts().count == 2)
            #expect(try await desk.call("GET", "alerts?state=firing").json["data"]?.asArray?.count == 1)
        }
    }

    @Test func `an alert explains itself, also when its rule changed and went`() async throws {
        try await withDesk { worker, desk in
            let id = try await desk.enabledRule(crossing)
            try await desk.grade("SOL", from: 60, to: 71)
            let alert = try #require(try await desk.alerts().first?["id"]?.asString)
            _ = try await desk.call(
                "PATCH", "alert-rules/\(id)", #"{"when": null, "tests": []}"#, match: "\"2\"")
            _ = try await desk.call("DELETE", "alert-rules/\(id)", match: "\"3\"")
            let why = try await desk.call("GET", "alerts/\(alert)/explain").json
            #expect(why["when"] == "event.previous < 70 && event.grade >= 70")
            #expect(why["rule"]?["version"] == 1)
            #expect(why["matched"]?[1] == ["expression": "event.previous < 70", "value": true])
            #expect(why["deliveries"] == [])
            #expect(why["silences"] == [])
        }
    }

    @Test func `lists page in every order`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(crossing)
            for symbol in ["A", "B", "C", "D", "A"] {
                desk.now = desk.now + .seconds(1)
                try await desk.grade(symbol, from: 60, to: 71)
            }
            for (sort, order) in [
                ("first_at", "ABCD"), ("-first_at", "DCBA"), ("last_at", "BCDA"), ("-last_at", "ADCB"),
            ] {
                var seen = ""
                var cursor = ""
                repeat {
                    let page = try await desk.call("GET", "alerts?sort=\(sort)&limit=3\(cursor)")
                    for alert in page.json["data"]?.asArray ?? [] {
                        seen += alert["event"]?["symbol"]?.asString ?? ""
                    }
                    cursor = page.json["next_cursor"]?.asString.map { "&cursor=\($0)" } ?? ""
                } while !cursor.isEmpty
                #expect(seen == order, "\(sort)")
            }
            for cursor in ["", "eA"] {
                let refused = try await desk.call("GET", "alerts?cursor=\(cursor)")
                #expect(refused.status == 400)
                #expect(refused.json["errors"]?[0]?["pointer"] == "query:cursor", "\(refused.text)")
            }
            let page = try await desk.call("GET", "alerts?sort=first_at&limit=1")
            let other = try await desk.call(
                "GET", "alerts?cursor=\(page.json["next_cursor"]?.asString ?? "")")
            #expect(other.json["errors"]?[0]?["code"] == "invalid_cursor", "\(other.text)")
        }
    }

    @Test func `what an alert counts is listed, and what a cooldown swallowed is marked`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(
                #"{"name": "each", "severity": "info", "on": ["custom.*"], "cooldown": "1h"}"#)
            let start = desk.now
            var events: [Event] = []
            for minutes in [0, 1, 2, 61, 62] as [Int64] {
                desk.now = start + .minutes(minutes)
                events += try await desk.push([("a", 1)])
            }
            let id = try await desk.alerts().first?["id"]?.asString ?? ""
            var (seen, cursor): ([JSONValue], String) = ([], "")
            repeat {
                let page = try await desk.call("GET", "alerts/\(id)/firings?limit=2\(cursor)")
                seen += page.json["data"]?.asArray ?? []
                cursor = page.json["next_cursor"]?.asString.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(seen.compactMap { $0["event_id"]?.asString } == events.reversed().map(\.id.description))
            #expect(seen.compactMap { $0["suppressed"] } == [true, false, true, true, false])
            // Of another alert of the same group there is another list.
            _ = try await desk.call("POST", "alerts/\(id)/resolve")
            desk.now = start + .hours(3)
            try await desk.push([("a", 1)])
            let next = try await desk.alerts().first?["id"]?.asString ?? ""
            let firings = try await desk.call("GET", "alerts/\(next)/firings").json["data"]?.asArray
            #expect(next != id && firings?.count == 1)
            let blind = desk.context([.alertsRead])
            #expect(try await desk.call("GET", "alerts/\(id)/firings", as: blind).status == 404)
        }
    }

    @Test func `retention deletes what was resolved long ago`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(crossing)
            let webhook = try await desk.webhook("w")
            _ = try await desk.call("POST", "routes", #"{"name": "all", "webhook_ids": ["\#(webhook)"]}"#)
            try await desk.grade("SOL", from: 60, to: 71)
            try await desk.grade("BTC", from: 60, to: 71)
            let id = try #require(try await desk.alerts().first?["id"]?.asString)
            _ = try await desk.call("POST", "alerts/\(id)/resolve")
            let job = try #require(AlertJobs(database: desk.database).jobs.first)
            func run(after period: Period) async throws -> JSONValue {
                let context = Context.installation(now: desk.now + period, requestID: "req")
                return .object(try await job.run(JobRun(id: desk.ledger.newID(), context: context)))
            }
            let nothing: JSONValue = ["actions": 0, "alerts": 0, "firings": 0, "tellings": 0]
            #expect(try await run(after: .days(30)) == nothing)
            // What fires on keeps its alert, and not how it was told every time.
            let tellings = try await run(after: .days(36))
            #expect(tellings == ["actions": 0, "alerts": 0, "firings": 2, "tellings": 2])
            #expect(try await desk.alerts().count == 2)
            let alerts = try await run(after: .days(401))
            #expect(alerts == ["actions": 0, "alerts": 1, "firings": 0, "tellings": 0])
            #expect(try await desk.alerts().count == 1)
        }
    }
}
