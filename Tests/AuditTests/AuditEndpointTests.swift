import Access
import Audit
import EventLoop
import Events
import JSON
import Jobs
import Kernel
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct AuditEndpointTests {
    @Test func `records are listed from their bytes, newest first, page by page`() async throws {
        try await withAuditBench { bench, _ in
            try await bench.append(7)
            let whole = try await bench.caller.call("GET", "/v1/audit-records", testContext())
            let all = whole.json["data"]?.asArray ?? []
            #expect(all.count == 10 && whole.json["next_cursor"] == .null)
            #expect(
                all.map { $0["at"]?.asString ?? "" } == all.map { $0["at"]?.asString ?? "" }.sorted(by: >))
            #expect(all[1]["detail"] == ["index": 6])
            #expect(all.first?["actor"]?["address"] == "10.1.0.9")
            #expect(all.first?["hash"]?.asString?.utf8.count == 64)
            var (paged, cursor): ([JSONValue], String?) = ([], nil)
            repeat {
                let suffix = cursor.map { "&cursor=\($0)" } ?? ""
                let page = try await bench.caller.call(
                    "GET", "/v1/audit-records?limit=3\(suffix)", testContext())
                paged += page.json["data"]?.asArray ?? []
                cursor = page.json["next_cursor"]?.asString
            } while cursor != nil
            #expect(paged == all)
        }
    }

    @Test func `records are found by every filter`() async throws {
        try await withAuditBench { bench, _ in
            try await bench.append(4)
            try await bench.append(2, action: "grants.add", resource: "grt_1")
            let counts: [(query: String, count: Int)] = [
                ("action=keys.revoke", 4), ("action=keys.*", 7), ("action=key.*", 0), ("action=grants.*", 2),
                ("resource=grt_1", 2), ("outcome=denied", 3), ("outcome=failed", 0), ("lane=63", 0),
                ("to=2026-01-05T08:00:00Z", 0), ("from=2026-01-05T08:00:00Z", 9),
                ("actor=\(testContext().actor.principal?.description ?? "")", 0),
            ]
            for (query, count) in counts {
                let answer = try await bench.caller.call("GET", "/v1/audit-records?\(query)", testContext())
                #expect(answer.json["data"]?.asArray?.count == count, "\(query)")
            }
            for query in ["action=.*", "action=Keys.x", "actor=key_1", "lane=64", "cursor=x", "nonsense=1"] {
                let answer = try await bench.caller.call("GET", "/v1/audit-records?\(query)", testContext())
                #expect(answer.status == 400, "\(query)")
            }
        }
    }

    @Test func `checkpoints are listed newest first`() async throws {
        try await withAuditBench { bench, _ in
            for _ in 0..<3 {
                try await bench.append(1)
                _ = try await bench.checkpointer.take()
            }
            let first = try await bench.caller.call("GET", "/v1/audit/checkpoints?limit=2", testContext())
            let page = first.json["data"]?.asArray ?? []
            #expect(page.count == 2 && page[0]["previous"] == page[1]["hash"])
            #expect(page[0]["lanes"]?.asArray?.count == 64)
            let cursor = first.json["next_cursor"]?.asString ?? ""
            let second = try await bench.caller.call(
                "GET", "/v1/audit/checkpoints?limit=2&cursor=\(cursor)", testContext())
            #expect(second.json["data"]?.asArray?.count == 1)
            #expect(second.json["data"]?[0]?["previous"] == .null)
        }
    }

    @Test func `verification over HTTP names what is wrong`() async throws {
        try await withAuditBench { bench, _ in
            let empty = try await bench.caller.call("GET", "/v1/audit/verification", testContext())
            #expect(empty.json["intact"] == true && empty.json["last_checkpoint_at"] == .null)
            try await bench.append(3)
            _ = try await bench.checkpointer.take()
            let sound = try await bench.caller.call("GET", "/v1/audit/verification", testContext())
            #expect(sound.json["intact"] == true && sound.json["complete"] == true)
            #expect(sound.json["entries"] == 3 && sound.json["checkpoints"] == 1)
            try await bench.tamper(Statement("cut", "delete from audit_record where sequence = 2"))
            let broken = try await bench.caller.call("GET", "/v1/audit/verification", testContext())
            #expect(broken.json["intact"] == false)
            #expect(broken.json["problems"]?[0]?["kind"] == "missing")
        }
    }
}
