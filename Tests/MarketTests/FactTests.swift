import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Market

struct FactTests {
    private func lines(_ rows: [String]) -> String { rows.joined(separator: "\n") }

    private func fact(_ value: Double, expires: String = "2026-06-01T00:00:00Z", name: String = "team")
        -> String
    {
        #"{"token":"SOL","name":"\#(name)","source":"desk","value":\#(value),"expires_at":"\#(expires)"}"#
    }

    private func observation(_ day: Int, _ value: Double, token: String = "SOL") -> String {
        """
        {"token":"\(token)","metric":"sentiment","source":"desk","time":"2025-12-0\(day)T00:00:00Z",\
        "value":\(value)}
        """
    }

    @Test func `facts have revisions, expire, and say so`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("SOL", closes: [1])
            func post(_ rows: [String], _ query: String = "") async throws -> TestAnswer {
                try await desk.call("POST", "facts\(query)", lines(rows), type: "application/x-ndjson")
            }
            let made = try await post([fact(70), fact(50, name: "code")])
            #expect(made.json["inserted"] == 2 && made.json["refused"] == 0, "\(made.text)")
            let then = desk.time.now
            desk.time.advance(.hours(1))
            #expect(try await post([fact(70)]).json["unchanged"] == 1)
            let again = """
                {"token":"SOL","name":"code","source":"desk","value":50,"observed_at":"\(then)",\
                "expires_at":"2026-06-01T00:00:00Z"}
                """
            #expect(try await post([again]).json["unchanged"] == 1)
            #expect(try await post([fact(40)]).json["revised"] == 1)
            let now = try await desk.get("facts?token=SOL&name=team")
            #expect(now.json["data"]?[0]?["value"]?.asDouble == 40, "\(now.text)")
            #expect(now.json["data"]?[0]?["counts"] == true && now.json["data"]?[0]?["revision"] == 2)
            let known = try await desk.get("facts?token=SOL&name=team&as_of=\(then)")
            #expect(known.json["data"]?[0]?["value"]?.asDouble == 70, "\(known.text)")
            desk.time.advance(.days(200))
            #expect(try await desk.get("facts").json["data"] == [])
            let expired = try await desk.get("facts?expired=true").json["data"]?.asArray ?? []
            #expect(expired.map { $0["counts"]?.asBool } == [false, false])
        }
    }

    @Test func `rows are refused one by one, or all of them when it is strict`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("SOL", closes: [1])
            let rows = [
                fact(70), fact(170), fact(10, expires: "2020-01-01T00:00:00Z"), "nonsense", fact(20),
                fact(10, name: "Team"), fact(1).replacing("SOL", with: "NONE"), "[]",
                String(fact(3, name: "later").dropLast()) + #","observed_at":"2099-01-01T00:00:00Z"}"#, "",
            ]
            let body = "\u{FEFF}" + lines(rows)
            let strict = try await desk.call(
                "POST", "facts?strict=true", body, type: "application/x-ndjson")
            #expect(strict.status == 422 && strict.code == "rows_refused", "\(strict.text)")
            let unknown = try await desk.call(
                "POST", "facts?strict=true", lines([rows[0], rows[6]]), type: "application/x-ndjson")
            #expect(unknown.code == "rows_refused" && unknown.pointers == ["line:2"], "\(unknown.text)")
            #expect(try await desk.get("facts").json["data"] == [])
            let id = try await desk.get("tokens").json["data"]?[0]?["id"]?.asString ?? ""
            let twice = try await desk.call(
                "POST", "facts?strict=true", lines([fact(7), fact(8).replacing("SOL", with: id)]),
                type: "application/x-ndjson")
            #expect(twice.pointers == ["line:2"], "\(twice.text)")
            let loose = try await desk.call("POST", "facts", body, type: "application/x-ndjson")
            #expect(loose.json["received"] == 9 && loose.json["inserted"] == 1, "\(loose.text)")
            let told = loose.json["errors"]?.asArray?.map {
                "\($0["line"]?.asInt ?? 0) \($0["code"]?.asString ?? "")"
            }
            #expect(
                told == [
                    "2 out_of_range", "3 out_of_range", "4 malformed_object", "5 repeated", "6 malformed",
                    "8 wrong_type", "9 out_of_range", "7 unknown_token",
                ], "\(loose.text)")
            let object = loose.json["errors"]?.asArray?.first { $0["line"] == 8 }
            #expect(object?["message"] == "the line must be an object", "\(loose.text)")
        }
    }

    @Test func `a metric's observations are kept in revisions, and its newest is told`() async throws {
        try await MarketDesk.with { _, desk in
            desk.time.move(to: Timestamp("2025-12-05T00:00:00Z") ?? desk.time.now)
            try await desk.push("SOL", closes: [1])
            func post(_ rows: [String]) async throws -> TestAnswer {
                try await desk.call("POST", "token-metrics", lines(rows), type: "application/x-ndjson")
            }
            func told() -> [String] {
                desk.events.filter { $0.type == .metricObserved }.map {
                    let previous = $0.data["previous"]?.asDouble.map { "\($0)" } ?? "none"
                    let value = $0.data["value"]?.asDouble ?? 0
                    return "\(value) after \(previous)" + ($0.data["retroactive"] == true ? " again" : "")
                }
            }
            let made = try await post([observation(1, 10), observation(3, 30), observation(2, 20)])
            #expect(made.json["inserted"] == 3, "\(made.text)")
            #expect(told() == ["30.0 after 20.0"])
            #expect(try await post([observation(1, 10)]).json["unchanged"] == 1)
            let then = desk.time.now
            desk.time.advance(.hours(1))
            #expect(try await post([observation(1, 11)]).json["revised"] == 1)
            #expect(told().count == 1)
            #expect(try await post([observation(3, 33)]).json["revised"] == 1)
            #expect(told().last == "33.0 after 20.0 again")
            #expect(try await post([observation(4, 40)]).json["inserted"] == 1)
            #expect(told().last == "40.0 after 33.0")
            let path = "token-metrics/observations?token=SOL&metric=sentiment&source=desk"
            func values(_ query: String) async throws -> [Double?] {
                try await desk.get(path + query).json["data"]?.asArray?.map { $0["value"]?.asDouble } ?? []
            }
            #expect(try await values("") == [40, 33, 20, 11])
            #expect(try await values("&as_of=\(then)") == [30, 20, 10])
            #expect(try await values("&from=2025-12-02&to=2025-12-04") == [33, 20])
            let page = try await desk.get("\(path)&limit=3").json["next_cursor"]?.asString ?? ""
            #expect(try await values("&limit=3&cursor=\(page)") == [11])
            let series = try await desk.get("token-metrics?token=SOL").json["data"]
            #expect(series?[0]?["observations"] == 4 && series?[0]?["metric"] == "sentiment")
            #expect(try await desk.get(path.replacing("desk", with: "none")).status == 404)
            let future = try await post([
                #"{"token":"SOL","metric":"a","source":"b","time":"2030-01-01","value":1}"#
            ])
            #expect(future.json["refused"] == 1)
        }
    }

    @Test func `observations are deleted, or the metric is, and another one has room again`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("SOL", closes: [1])
            func post(_ rows: [String]) async throws -> TestAnswer {
                try await desk.call("POST", "token-metrics", lines(rows), type: "application/x-ndjson")
            }
            _ = try await post((1...4).map { observation($0, Double($0)) })
            let then = desk.time.now
            desk.time.advance(.hours(1))
            let path = "token-metrics?token=SOL&metric=sentiment&source=desk"
            func values(_ query: String = "") async throws -> [Double?]? {
                let list = path.replacing("metrics?", with: "metrics/observations?")
                return try await desk.get(list + query).json["data"]?.asArray?.map { $0["value"]?.asDouble }
            }
            #expect(try await desk.call("DELETE", "\(path)&from=2025-12-02&to=2025-12-02").status == 400)
            let some = try await desk.call("DELETE", "\(path)&from=2025-12-03")
            #expect(some.status == 200 && some.json["deleted"] == 2, "\(some.text)")
            #expect(try await values() == [2, 1])
            #expect(try await values("&as_of=\(then)") == [4, 3, 2, 1])
            let listed = try await desk.get("token-metrics").json["data"]?[0]
            #expect(listed?["observations"] == 2 && listed?["newest"] == "2025-12-02T00:00:00.000Z")
            // What comes again is another revision, and can be corrected.
            desk.time.advance(.hours(1))
            #expect(try await post([observation(3, 30)]).json["inserted"] == 1)
            #expect(try await post([observation(3, 33)]).json["revised"] == 1)
            #expect(try await values() == [33, 2, 1])
            // A full metric takes corrections, and nothing new until there is room.
            _ = try await desk.rows("update metric_series set observations = 99999")
            let crowded = try await post([observation(2, 20), observation(4, 4), observation(5, 5)])
            #expect(crowded.json["revised"] == 1 && crowded.json["inserted"] == 1, "\(crowded.text)")
            #expect(crowded.json["errors"]?[0]?["code"] == "series_full")
            #expect(try await post([observation(2, 22), observation(1, 1)]).json["revised"] == 1)
            _ = try await desk.call("DELETE", "\(path)&to=2025-12-02")
            #expect(try await post([observation(5, 5)]).json["inserted"] == 1)
            #expect(try await desk.call("DELETE", path).status == 200)
            #expect(try await desk.call("DELETE", path).status == 404)
            #expect(try await desk.get("token-metrics").json["data"] == [])
            // What was deleted stays known of the time before.
            #expect(try await desk.rows("select 1 from metric_value_revision").count > 0)
            #expect(try await desk.rows("select 1 from metric_value").isEmpty)
            #expect(try await post([observation(1, 1)]).json["inserted"] == 1)
        }
    }

    @Test func `an observation is news while it is younger than its pace`() {
        let now = Timestamp.testStart
        func isOld(_ age: Period, pace: Period?) -> Bool {
            MetricBatch.isLongAgo(now - age, after: pace.map { now - age - $0 }, at: now)
        }
        #expect(!isOld(.days(2), pace: nil) && isOld(.days(3), pace: nil))
        #expect(isOld(.days(3), pace: .days(1)) && !isOld(.days(20), pace: .days(30)))
        #expect(isOld(.days(700), pace: .days(30)))
    }
}
