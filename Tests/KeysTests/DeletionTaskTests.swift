import Access
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Keys

/// Deletions as tasks for people, and how they begin and end.
@Suite(.serialized) struct DeletionTaskTests {
    private static let noKey = #"{"code":-2008,"msg":"Invalid Api-Key ID."}"#
    private static let taken = """
        {"ipRestrict":true,"createTime":1698645219000,"enableReading":true,"enableWithdrawals":false}
        """

    @Test func `a person deletes the key and says so, and the exchange is asked at once`() async throws {
        try await KeyDesk.run { desk in
            let (path, answer) = try await desk.revoked("binance")
            let told = try #require(answer.json["at_the_exchange"])
            #expect(told["way"] == "person" && told["state"] == "due", "\(answer.text)")
            #expect(told["instructions"]?.asString?.contains("API Management") == true)
            #expect(try await desk.workOff() == 0)

            let marked = try await desk.call("POST", path + "/versions/1/deletion/mark")
            #expect(marked.json["state"] == "deleted", "\(marked.text)")
            #expect(marked.json["deleted_by"]?.asString == desk.me.description)
            // A word is not a proof: the key still works, and the task is open again.
            desk.exchange.says(200, Self.taken)
            #expect(try await desk.workOff() == 1)
            let open = try await desk.deletion(path)
            #expect(open["state"] == "due" && open["deleted_by"] == .null, "\(open)")

            _ = try await desk.call("POST", path + "/versions/1/deletion/mark")
            desk.exchange.says(400, Self.noKey)
            #expect(try await desk.workOff() == 1)
            let proven = try await desk.deletion(path)
            #expect(proven["state"] == "proven" && proven["proof"]?["code"] == "-2008", "\(proven)")
            #expect(proven["deleted_by"]?.asString == desk.me.description)
            #expect(try await desk.call("POST", path + "/versions/1/deletion/mark").status == 409)
        }
    }

    @Test func `the exchange is asked less and less often`() async throws {
        try await KeyDesk.run { desk in
            let (_, _) = try await desk.revoked("binance")
            desk.exchange.says(200, Self.taken)
            for _ in 0..<(10 * 24) {
                desk.time.move(.hours(1))
                try await desk.workOff()
            }
            // After 1 h at the earliest, then 1, 2, 4, 8, 16 h, then once a day.
            #expect((12...22).contains(desk.exchange.paths.count), "\(desk.exchange.paths.count)")
        }
    }

    @Test func `what has no proof after a week is told, and again every week`() async throws {
        try await KeyDesk.run { desk in
            let (_, _) = try await desk.revoked("binance")
            for _ in 0..<(16 * 4) {
                desk.time.move(.hours(6))
                try await desk.workOff()
            }
            let stuck = try await desk.events().filter { $0.type == "key.deletion.stuck" }
            #expect(stuck.compactMap { $0.data["days"]?.asInt } == [7, 14])
            #expect(stuck.first?.data["way"] == "person")
            // A node that was away for a month tells it once.
            desk.time.move(.days(31))
            try await desk.workOff()
            #expect(try await desk.events().filter { $0.type == "key.deletion.stuck" }.count == 3)
        }
    }

    @Test func `where no refusal proves anything, a person's word is the end of it`() async throws {
        try await KeyDesk.run { desk in
            let (path, _) = try await desk.revoked("coinbase")
            #expect(try await desk.deletion(path)["due_at"] == .null)
            desk.exchange.says(401, "Unauthorized")
            let asked = try await desk.call("POST", path + "/versions/1/deletion/check")
            #expect(asked.json["state"] == "due" && asked.json["proof"] == .null, "\(asked.text)")
            let marked = try await desk.call("POST", path + "/versions/1/deletion/mark")
            #expect(marked.json["state"] == "deleted" && marked.json["due_at"] == .null, "\(marked.text)")
            desk.time.move(.days(30))
            #expect(try await desk.workOff() == 0)
            #expect(!(try await desk.events().contains { $0.type == "key.deletion.stuck" }))
        }
    }

    @Test func `a version that is destroyed before the proof is told, and waits no more`() async throws {
        try await KeyDesk.run { desk in
            let (path, _) = try await desk.revoked("binance")
            let destroyed = try await desk.call(
                "POST", path + "/versions/1/destroy", #"{"confirm": "a", "reason": "shredded"}"#)
            #expect(destroyed.status == 200, "\(destroyed.text)")
            let told = try await desk.deletion(path)
            #expect(told["state"] == "due" && told["error"] == "destroyed before proof", "\(told)")
            let stuck = try await desk.events().filter { $0.type == "key.deletion.stuck" }
            #expect(stuck.map { $0.data["error"] } == ["destroyed before proof"])
            desk.time.move(.days(30))
            #expect(try await desk.workOff() == 0)
            #expect(try await desk.call("POST", path + "/versions/1/deletion/check").status == 409)
            #expect(try await desk.events().filter { $0.type == "key.deletion.stuck" }.count == 1)
        }
    }

    @Test func `every version that the exchange may know is to be deleted, and no destroyed one`()
        async throws
    {
        try await KeyDesk.run { desk in
            let path = try await desk.withCredential("binance")
            for number in 2...3 {
                _ = try await desk.call(
                    "POST", path + "/versions",
                    #"{"credential": {"api_key": "next-\#(number)", "secret": "another-secret-\#(number)"}}"#)
                if number == 2 { _ = try await desk.call("POST", path + "/versions/2/activate") }
            }
            _ = try await desk.call(
                "POST", path + "/versions/1/destroy", #"{"confirm": "a", "reason": "shredded"}"#)
            let answer = try await desk.call("POST", path + "/revoke", #"{"reason": "lost"}"#)
            #expect(answer.json["at_the_exchange"]?["versions"] == 2, "\(answer.text)")
            _ = try await desk.deletion(path, version: 2)
            _ = try await desk.deletion(path, version: 3)
            // Revoking it again opens nothing twice.
            let again = try await desk.call("POST", path + "/revoke", #"{"reason": "lost"}"#)
            #expect(again.json["at_the_exchange"]?["versions"] == 2, "\(again.text)")
        }
    }

    @Test func `revoking many keys opens a deletion each, and a dry run none`() async throws {
        try await KeyDesk.run { desk in
            for number in 0..<5 { _ = try await desk.withCredential("bybit", "bybit-\(number)") }
            for number in 0..<3 { _ = try await desk.withCredential("binance", "binance-\(number)") }
            _ = try await desk.register("bare")
            let body = { (dry: Bool) in
                #"{"selector": {"all": true}, "reason": "a drill", "expect_count": 9, "dry_run": \#(dry)}"#
            }
            for isDry in [true, false] {
                let answer = try await desk.call("POST", "/v1/keys/revoke", body(isDry))
                #expect(answer.status == 200 && answer.json["revoked"] == 9, "\(answer.text)")
                let counts = answer.json["at_the_exchange"]?["exchanges"]?.asArray?.map {
                    [$0["exchange"], $0["way"], $0["keys"]]
                }
                #expect(counts == [["binance", "person", 3], ["bybit", "api", 5]], "\(answer.text)")
                let page = try await desk.call("GET", "/v1/key-deletions")
                #expect(page.json["data"]?.asArray?.count == (isDry ? 0 : 8))
            }
            try await checkPages(desk)
        }
    }

    private func checkPages(_ desk: KeyDesk) async throws {
        var (seen, cursor) = ([String](), "")
        repeat {
            let page = try await desk.call("GET", "/v1/key-deletions?limit=3\(cursor)")
            seen += page.json["data"]?.asArray?.compactMap { $0["key_id"]?.asString } ?? []
            cursor = page.json["next_cursor"]?.asString.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        #expect(seen.count == 8 && Set(seen).count == 8)
        for (filter, count) in [("way=api", 5), ("exchange=binance", 3), ("state=proven", 0)] {
            let page = try await desk.call("GET", "/v1/key-deletions?\(filter)")
            #expect(page.json["data"]?.asArray?.count == count, "\(filter)")
        }
    }

    @Test func `a version in use is not deleted, whoever writes rows past the service`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.withCredential("bybit")
            desk.exchange.says(200, KeyDesk.done)
            try await desk.run(
                """
                insert into key_deletion (key, version, way, state, created_at, due_at)
                select id, 1, 'api', 'due', now() - interval '10 years', now() - interval '10 years'
                from exchange_key
                """)
            #expect(try await desk.workOff() == 0)
            #expect(try await desk.call("POST", path + "/versions/1/deletion/check").status == 409)
            #expect(desk.exchange.paths.isEmpty)
        }
    }

    @Test func `a retired version of a key in use can be deleted, and one that is used again is not`()
        async throws
    {
        try await KeyDesk.run { desk in
            let path = try await desk.withCredential("bybit")
            _ = try await desk.call(
                "POST", path + "/versions", #"{"credential": {"api_key": "next", "secret": "the-next-one"}}"#)
            _ = try await desk.call("POST", path + "/versions/2/activate")
            let id = try #require(ExchangeKeyID(path.split(separator: "/").last.map(String.init) ?? ""))
            try await desk.book.change(desk.context) { change in
                let key = try await desk.book.locked(id, change)
                try await desk.book.openDeletion(of: key, versions: [1], change)
            }
            desk.exchange.says(200, KeyDesk.done, to: KeyDesk.deletionPath)
            #expect(try await desk.workOff() == 1)
            #expect(try await desk.deletion(path)["state"] == "deleted")
            #expect(try await desk.call("POST", path + "/versions/1/activate").status == 200)
            let page = try await desk.call("GET", "/v1/key-deletions")
            #expect(page.json["data"] == [], "\(page.text)")
        }
    }

    @Test func `a key without a credential is left to people`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("bare")
            let answer = try await desk.call("POST", path + "/revoke", #"{"reason": "lost"}"#)
            #expect(answer.json["at_the_exchange"]?["state"] == "untracked", "\(answer.text)")
            #expect(answer.json["at_the_exchange"]?["versions"] == 0)
        }
    }
}
