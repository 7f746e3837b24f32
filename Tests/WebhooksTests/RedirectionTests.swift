import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Webhooks

/// Sending a webhook's messages elsewhere.
struct RedirectionTests {
    private static let elsewhere = #""url":"https://elsewhere.example/x""#

    @Test func `what is secret does not go along to another address`() async throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let pair = try await ClientPair.make(in: folder, "a")
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let certificate: JSONValue = [
                "certificate": .string(pair.certificate), "key": .string(pair.key),
            ]
            let made = try await desk.call(
                "POST", "webhooks",
                """
                {"name":"ops","url":"https://hooks.example/x","headers":{"Authorization":"Bearer desk"},
                 "client_certificate":\(String(decoding: certificate.bytes, as: UTF8.self))}
                """)
            let id = made.json["id"]?.asString ?? ""
            let silent = try await desk.change(id, "{\(Self.elsewhere)}", made)
            #expect(silent.status == 422, "\(silent.text)")
            #expect(silent.pointers == ["/headers", "/client_certificate"])
            let half = try await desk.change(id, #"{\#(Self.elsewhere),"headers":null}"#, made)
            #expect(half.pointers == ["/client_certificate"])
            // The same address again is none of that.
            let same = try await desk.change(id, #"{"url":"https://hooks.example/x","name":"b"}"#, made)
            #expect(same.status == 200 && same.json["header_names"] == ["Authorization"])
            let moved = try await desk.change(
                id, #"{\#(Self.elsewhere),"headers":{"X-New":"1"},"client_certificate":null}"#, same)
            #expect(moved.json["url"] == "https://elsewhere.example/x", "\(moved.text)")
            #expect(moved.json["header_names"] == ["X-New"] && moved.json["client_certificate"] == .null)
            let kept = Statement("test_private", "select count(*) from webhook_private")
            #expect(try await database.query(kept).first?.int(0) == 1)
        }
    }

    @Test func `T23: only who may read what its owner may can send it elsewhere`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let owner = PrincipalID(.user, UUID(high: 5, low: 5))
            let (id, _) = try await desk.room.makeWebhook(
                owner: owner, mayRead: [.webhooksWrite, .keysRead, .eventsRead])
            let path = "webhooks/\(id)"
            func patch(_ body: String, as permissions: Set<Permission>) async throws -> TestAnswer {
                let etag = try await desk.call("GET", path).etag
                return try await desk.call("PATCH", path, body, match: etag, as: permissions)
            }
            let blind: Set<Permission> = [.webhooksRead, .webhooksWrite, .eventsRead]
            let refused = try await patch("{\(Self.elsewhere)}", as: blind)
            #expect(refused.status == 403 && refused.text.contains("keys:read"), "\(refused.text)")
            #expect(try await patch(#"{"name":"other"}"#, as: blind).status == 200)
            #expect(try await patch("{\(Self.elsewhere)}", as: blind.union([.keysRead])).status == 200)
            // An owner who may not act now comes back with rights that nobody knows yet.
            desk.room.rights.byOwner[owner] = nil
            try await desk.room.ledger.change(testContext(at: desk.room.clock.now)) {
                $0.touchesAuthority = true
            }
            let back = #"{"url":"https://hooks.example/y"}"#
            #expect(try await patch(back, as: blind.union([.keysRead])).status == 403)
            #expect(try await patch(back, as: Set(Permission.allCases)).status == 200)
        }
    }

    @Test func `T23: another chat is another address`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let other = PrincipalID(.user, UUID(high: 5, low: 5))
            desk.room.rights.byOwner[other] = [.webhooksWrite, .keysRead]
            let made = try await desk.call(
                "POST", "webhooks",
                """
                {"name":"chat","kind":"telegram","channel":{"chat_id":"7","token":"1:abcdefghijk"}}
                """)
            #expect(made.status == 201, "\(made.text)")
            let id = made.json["id"]?.asString ?? ""
            _ = try await database.query(
                Statement("test_give", "update webhook set owner = $1"), .text(other.description))
            try await desk.room.ledger.change(testContext(at: desk.room.clock.now)) {
                $0.touchesConfiguration = true
            }
            let blind: Set<Permission> = [.webhooksWrite]
            let same = #"{"channel":{"chat_id":"7"}}"#
            let answer = try await desk.call("PATCH", "webhooks/\(id)", same, match: made.etag, as: blind)
            #expect(answer.status == 200, "\(answer.text)")
            let chat = #"{"channel":{"chat_id":"8"}}"#
            let refused = try await desk.call(
                "PATCH", "webhooks/\(id)", chat, match: answer.etag, as: blind)
            #expect(refused.status == 403, "\(refused.text)")
        }
    }

    @Test func `what waited for the old address is due at the new one, and failures are forgotten`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let room = desk.room
            let (id, _) = try await room.makeWebhook(takes: ["custom.*"], owner: WebhookDesk.owner)
            try await room.emit()
            let later = room.clock.now + .hours(5)
            try await room.end(room.pending(), .retry(at: later))
            try await room.close(id, until: later)
            let before = try await desk.call("GET", "webhooks/\(id)")
            #expect(before.json["circuit"]?["state"] == "throttled")
            let renamed = try await desk.change(id.description, #"{"name":"b"}"#, before)
            #expect(renamed.json["circuit"]?["state"] == "throttled")
            let moved = try await desk.change(id.description, "{\(Self.elsewhere)}", renamed)
            #expect(moved.json["circuit"]?["state"] == "closed", "\(moved.text)")
            #expect(
                try await DeliveryQueue.take(
                    most: 9, for: room.node, at: room.clock.now, in: database
                ).deliveries.count == 1)
            // A worker that has not seen the change yet does not close it again.
            let old = Lane.Closure(until: later, epoch: 1)
            try await room.fail(room.pending(), closing: [id: old])
            #expect(try await WebhookStore.find(id, at: room.clock.now, in: database)?.opensAt == nil)
            let new = Lane.Closure(until: later, epoch: 2)
            try await room.fail(room.pending(), closing: [id: new])
            #expect(try await WebhookStore.find(id, at: room.clock.now, in: database)?.opensAt == later)
            // Enabling what is active, but left alone, does the same.
            try await room.close(id, until: later)
            let enabled = try await desk.call("POST", "webhooks/\(id)/enable")
            #expect(enabled.json["circuit"]?["state"] == "closed", "\(enabled.text)")
            #expect(enabled.etag != moved.etag)
            #expect(try await desk.call("POST", "webhooks/\(id)/enable").etag == enabled.etag)
        }
    }
}
