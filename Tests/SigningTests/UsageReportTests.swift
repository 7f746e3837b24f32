import Access
import Events
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signing

@Suite(.serialized) struct UsageReportTests {
    private func line(_ key: String, _ number: Int, _ desk: SigningDesk, _ more: String = "") -> String {
        UsageListTests.line(key, number, desk.time.now, more)
    }

    @Test func `a report is a use, and an event with all its fields`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", policy: nil)
            let told = try await desk.report([
                """
                {"client_id": "x-1", "at": "\(desk.time.now)", "exchange": "binance", "account": "main", \
                "label": "a", "operation": "trade", "symbol": "BTCUSDT", "side": "buy", \
                "order_type": "limit", "quantity": "0.50", "price": "100", "notional_usd": "50", \
                "reduce_only": true, "client_order_id": "o-1", "address": "192.0.2.7", \
                "outcome": "refused", "http_status": 400, "code": "-2010", "milliseconds": 12.5}
                """
            ])
            #expect(
                told.json == ["received": 1, "inserted": 1, "unchanged": 0, "refused": 0, "errors": []],
                "\(told.text)")
            let use = try await desk.call("GET", "/v1/usage-events?way=report").json["data"]?[0]
            let expected: KeyValuePairs<String, JSONValue> = [
                "client_id": "x-1", "key_id": .string(key), "label": "a", "way": "report",
                "operation": "trade", "symbol": "BTCUSDT", "side": "buy", "order_type": "limit",
                "quantity": "0.5", "price": "100", "reduce_only": true, "notional_usd": "50",
                "client_order_id": "o-1", "address": "192.0.2.7", "outcome": "refused", "http_status": 400,
                "code": "-2010", "verdict": "allowed", "orders": 1,
            ]
            for (name, value) in expected { #expect(use?[name] == value, "\(name)") }
            #expect(use?["milliseconds"]?.asDouble == 12.5)
            let event = try await desk.events().first { $0.type == "key.used" }
            #expect(event?.data["usage_id"] == use?["id"])
            let names = event?.data.asObject?.members.map(\.name)
            #expect(
                names?.sorted()
                    == EventType.keyUsed.dataFields?.filter { !$0.isOptional }.map(\.name).sorted())
        }
    }

    @Test func `the same again is unchanged, and another use under the same id is refused`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", policy: nil)
            let first = line(key, 1, desk)
            #expect(try await desk.report([first, first]).json["unchanged"]?.asInt == 1)
            // The key by its name is the same key.
            let named = first.replacing(
                #""key_id": "\#(key)""#, with: #""exchange": "binance", "account": "main", "label": "a""#)
            #expect(try await desk.report([named]).json["unchanged"]?.asInt == 1)
            let other = try await desk.report([line(key, 1, desk, #", "symbol": "X""#), line(key, 2, desk)])
            #expect(other.json["inserted"]?.asInt == 1 && other.json["refused"]?.asInt == 1, "\(other.text)")
            #expect(other.json["errors"]?[0]?["code"]?.asString == "other_content")
            #expect(other.json["errors"]?[0]?["line"]?.asInt == 1)
            // Another reporter has ids of their own.
            let colleague = testContext(at: desk.time.now)
            #expect(try await desk.report([first], as: colleague).json["inserted"]?.asInt == 1)
            #expect(try await desk.call("GET", "/v1/usage-events").json["data"]?.asArray?.count == 3)
        }
    }

    @Test func `a packed upload says the same, and one that breaks off says what was stored of it`()
        async throws
    {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", policy: nil)
            let text = Array((0..<50).map { line(key, $0, desk) }.joined(separator: "\n").utf8)
            let packed = try GzipEncoder().compress(text.span)
            let told = try await desk.report(packed: packed)
            #expect(told.json["received"] == 50 && told.json["inserted"] == 50, "\(told.text)")
            let again = try await desk.report((0..<50).map { line(key, $0, desk) })
            #expect(again.json["unchanged"] == 50, "\(again.text)")
            let broken = try await desk.report(packed: Array(packed.dropLast(12)))
            #expect(broken.status == 400 && broken.code == "malformed_body", "\(broken.text)")
            #expect(broken.json["detail"]?.asString?.contains("0 were stored") == true, "\(broken.text)")
        }
    }

    @Test func `the same from two nodes at once is stored once`() async throws {
        let scratch = try await ScratchDatabase.make()
        let bot = PrincipalID(.serviceAccount, UUID(high: 1, low: 1))
        let lines = try await scratch.visit { worker, database in
            let desk = try await SigningDesk.open(on: worker, database)
            defer { desk.stop() }
            let key = try await desk.key("a", policy: nil)
            return (0..<500).map { UsageListTests.line(key, $0, desk.time.now) }
        }
        let answers = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for sent in [lines, lines.reversed()] {
                group.addTask {
                    try await scratch.visit { worker, database in
                        let desk = try await SigningDesk.open(on: worker, database)
                        defer { desk.stop() }
                        let told = try await desk.report(sent, as: testContext(principal: bot))
                        return ["inserted", "unchanged", "refused"].map { told.json[$0]?.asInt ?? -1 }
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.map { $0[0] }.reduce(0, +) == 500, "\(answers)")
        #expect(answers.map { $0[1] }.reduce(0, +) == 500, "\(answers)")
        try await scratch.drop()
    }

    @Test func `every line has its verdict, and those that fit are stored`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", policy: nil)
            let stranger = desk.ledger.newID(ExchangeKeyKind.self).description
            let now = desk.time.now
            let lines = [
                line(key, 1, desk), "", "{", "[]", line(stranger, 2, desk),
                UsageListTests.line(key, 3, now + .minutes(5)), UsageListTests.line(key, 4, now - .days(400)),
                line(key, 5, desk, #", "colour": "red""#), line(key, 6, desk, #", "label": "a""#),
                line(key, 7, desk, #", "quantity": "-1""#), line(key, 8, desk, #", "http_status": 99"#),
                #"{"client_id": "9"}"#, String(repeating: " ", count: 70_000) + "{}",
                line(key, 10, desk, #", "symbol": null"#),
            ]
            let told = try await desk.report(lines)
            #expect(told.json["received"]?.asInt == 13 && told.json["inserted"]?.asInt == 2, "\(told.text)")
            let errors = told.json["errors"]?.asArray?.map { error in
                "\(error["line"]?.asInt ?? 0) \(error["code"]?.asString ?? "")"
            }
            #expect(
                errors == [
                    "3 malformed", "4 wrong_type", "5 unknown_key", "6 in_the_future", "7 too_old",
                    "8 unknown_field", "9 malformed", "10 malformed", "11 out_of_range", "12 missing",
                    "13 too_large",
                ], "\(told.text)")
        }
    }

    @Test func `of more mistakes than are listed it is the first lines, whatever found them`() async throws {
        try await SigningDesk.run { desk in
            let stranger = desk.ledger.newID(ExchangeKeyKind.self).description
            let most = UsageUpload.refusalsListedAtMost
            let lines = [line(stranger, 1, desk)] + Array(repeating: "{", count: most)
            let told = try await desk.report(lines)
            #expect(told.json["refused"]?.asInt.map(Int.init) == most + 1)
            let listed = told.json["errors"]?.asArray?.compactMap { $0["line"]?.asInt.map(Int.init) }
            #expect(listed == Array(1...most))
        }
    }

    @Test func `a strict upload stores all or nothing`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", policy: nil)
            let stranger = desk.ledger.newID(ExchangeKeyKind.self).description
            for bad in ["{", line(stranger, 2, desk)] {
                let told = try await desk.report([line(key, 1, desk), bad], strict: true)
                #expect(told.status == 422 && told.code == "rows_refused", "\(told.text)")
                #expect(told.pointers == ["line:2"])
            }
            #expect(try await desk.call("GET", "/v1/usage-events").json["data"] == [])
            #expect(try await desk.report([line(key, 1, desk)], strict: true).json["inserted"]?.asInt == 1)
        }
    }

    @Test func `an upload of many chunks is stored whole`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", policy: nil)
            let count = ReportChunk.mostRows * 2 + 500
            let told = try await desk.report((0..<count).map { line(key, $0, desk) })
            #expect(told.json["inserted"]?.asInt == Int64(count), "\(told.text)")
            let summary = try await desk.call("GET", "/v1/usage-summary?to=\(desk.time.now + .seconds(1))")
            #expect(summary.json["data"]?[0]?["uses"]?.asInt == Int64(count), "\(summary.text)")
        }
    }
}
