import Access
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Keys

/// Revoked keys are deleted at their exchange, by us or by a person, and seen to be refused.
@Suite(.serialized) struct DeletionTests {
    @Test func `a revoked key of Bybit is deleted by request, and proven by a refusal`() async throws {
        try await KeyDesk.run { desk in
            let (path, answer) = try await desk.revoked("bybit")
            let told = try #require(answer.json["at_the_exchange"])
            #expect(told["way"] == "api" && told["state"] == "due" && told["versions"] == 1, "\(answer.text)")

            desk.exchange.says(200, KeyDesk.done, to: KeyDesk.deletionPath)
            desk.exchange.says(401, KeyDesk.noKey, to: KeyDesk.probePath)
            #expect(try await desk.workOff() == 1)
            #expect(try await desk.deletion(path)["state"] == "deleted")
            #expect(try await desk.workOff() == 0)
            desk.time.move(.minutes(2))
            #expect(try await desk.workOff() == 1)
            #expect(desk.exchange.paths == [KeyDesk.deletionPath, KeyDesk.probePath])

            let proven = try await desk.deletion(path)
            #expect(proven["state"] == "proven" && proven["due_at"] == .null, "\(proven)")
            #expect(proven["proof"]?["http_status"] == 401 && proven["proof"]?["code"] == "10003")
            #expect(proven["proof"]?["probe"] == "GET main /v5/user/query-api")
            let events = try await desk.events().filter { $0.type == "key.deleted_at_exchange" }
            #expect(events.count == 1 && events[0].data["code"] == "10003", "\(events)")
            desk.time.move(.days(30))
            #expect(try await desk.workOff() == 0)
        }
    }

    @Test func `an exchange that says that it is done, and is not, is found out`() async throws {
        try await KeyDesk.run { desk in
            let (path, _) = try await desk.revoked("bybit")
            desk.exchange.says(200, KeyDesk.done, to: KeyDesk.deletionPath)
            desk.exchange.says(200, KeyDesk.taken, to: KeyDesk.probePath)
            try await desk.workOff()
            desk.time.move(.minutes(2))
            try await desk.workOff()
            let found = try await desk.deletion(path)
            #expect(found["state"] == "due" && found["outcome"] == "confirmed", "\(found)")
            #expect(found["error"]?.asString?.contains("still takes the key") == true)
            // It is asked again, but not for ever: then it is a person's task.
            for _ in 0..<12 {
                desk.time.move(.days(2))
                try await desk.workOff()
            }
            #expect(desk.exchange.paths.filter { $0 == KeyDesk.deletionPath }.count == 3)
            let given = try await desk.deletion(path)
            #expect(given["way"] == "person" && given["state"] == "due", "\(given)")
            #expect(!(try await desk.events().contains { $0.type == "key.deleted_at_exchange" }))
        }
    }

    @Test func `a key that may not delete itself becomes a person's task at once`() async throws {
        try await KeyDesk.run { desk in
            let (path, _) = try await desk.revoked("bybit")
            desk.exchange.says(
                200, #"{"retCode":10005,"retMsg":"Permission denied"}"#, to: KeyDesk.deletionPath)
            try await desk.workOff()
            let told = try await desk.deletion(path)
            #expect(told["way"] == "person" && told["error"] == "The key may not delete itself.", "\(told)")
            #expect(told["instructions"]?.asString?.contains("Bybit's website") == true)
        }
    }

    @Test func `a request of unknown outcome is followed by a look, never by another request`() async throws {
        try await KeyDesk.run { desk in
            let (path, _) = try await desk.revoked("bybit")
            // No answer at all, and then none to the looks either.
            for _ in 0..<5 {
                try await desk.workOff()
                desk.time.move(.days(2))
            }
            #expect(desk.exchange.paths.first == KeyDesk.deletionPath)
            #expect(desk.exchange.paths.filter { $0 == KeyDesk.deletionPath }.count == 1)
            desk.exchange.says(401, KeyDesk.noKey, to: KeyDesk.probePath)
            try await desk.workOff()
            #expect(try await desk.deletion(path)["state"] == "proven")
        }
    }

    @Test func `a node that dies between sending and noting leaves a look to the next one`() async throws {
        try await KeyDesk.run { desk in
            let (path, _) = try await desk.revoked("bybit")
            // What a killed node had done: the claim, and perhaps the request.
            let deleter = KeyDeleter(book: desk.book, prober: desk.prober)
            let claimed = try #require(try await deleter.claim())
            #expect(claimed.step == .send)
            #expect(try await deleter.claim()?.step == nil)
            #expect(try await desk.workOff() == 0)
            desk.time.move(.minutes(11))
            desk.exchange.says(200, KeyDesk.taken, to: KeyDesk.probePath)
            #expect(try await desk.workOff() == 1)
            #expect(desk.exchange.paths == [KeyDesk.probePath])
            // Only now that the key was seen to live on is it asked for again.
            desk.time.move(.days(2))
            desk.exchange.says(200, KeyDesk.done, to: KeyDesk.deletionPath)
            #expect(try await desk.workOff() == 1)
            #expect(desk.exchange.paths == [KeyDesk.probePath, KeyDesk.deletionPath])
            #expect(try await desk.deletion(path)["requests"] == 2)
        }
    }

    @Test func `a look that began before a request tells nothing of it`() async throws {
        try await KeyDesk.run { desk in
            let (path, _) = try await desk.revoked("bybit")
            let deleter = KeyDeleter(book: desk.book, prober: desk.prober)
            let id = try #require(ExchangeKeyID(path.split(separator: "/").last.map(String.init) ?? ""))
            let before = try #require(try await KeyDeletionStore.find(id, 1, in: desk.database))
            _ = try await deleter.claim()
            desk.time.move(.minutes(20))
            desk.exchange.says(200, KeyDesk.taken, to: KeyDesk.probePath)
            let looked = try await deleter.look(before, desk.context)
            #expect(looked.sentAt != nil && looked.step == .look)
        }
    }

    @Test func `only a refusal of the key itself is a proof`() async throws {
        try await KeyDesk.run { desk in
            let (path, _) = try await desk.revoked("bybit")
            for (status, body) in [
                (200, #"{"retCode":10010,"retMsg":"Unmatched IP"}"#),
                (200, #"{"retCode":10002,"retMsg":"the clock"}"#),
                (200, #"{"retCode":10004,"retMsg":"error sign"}"#), (403, "<html>"), (500, ""),
                (200, "{}"), (429, "{}"),
            ] {
                desk.exchange.says(status, body)
                let told = try await desk.call("POST", path + "/versions/1/deletion/check")
                #expect(told.status == 200 && told.json["state"] == "due", "\(body) \(told.text)")
                #expect(told.json["error"]?.asString?.isEmpty == false)
            }
            desk.exchange.says(401, KeyDesk.noKey)
            let told = try await desk.call("POST", path + "/versions/1/deletion/check")
            #expect(told.json["state"] == "proven", "\(told.text)")
            #expect(try await desk.call("POST", path + "/versions/1/deletion/check").status == 409)
        }
    }
}
