import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct LeavingTests {
    private static let source = UUID(high: 7, low: 7)
    private static let wish = Statement(
        "test_wish", "select rotation, note, done_at is not null from rotation_wish where key = $1")

    private func id(_ r: RotationDesk) throws -> ExchangeKeyID {
        try #require(ExchangeKeyID(r.path.split(separator: "/").last.map(String.init) ?? ""))
    }

    /// The caller of the desk leaves.
    private func leave(_ r: RotationDesk, heir: PrincipalID? = nil) async throws -> [LeftKey] {
        let (desk, context) = (r.desk, r.desk.context)
        let knew = try await SecretsSeen.by([desk.me], in: desk.database).map(\.key)
        return try await desk.ledger.change(context) { change in
            try await desk.book.leave(
                desk.me, with: [], heir: heir, knew: knew,
                .leaver(Self.source, reason: "they have left", at: context.now), change)
        }
    }

    private func wished(_ r: RotationDesk) async throws -> (
        rotation: RotationID?, note: String?, isDone: Bool
    ) {
        let row = try #require(try await r.desk.database.query(Self.wish, .id(id(r))).first)
        return (row.optionalID(0), row.optionalText(1), row.bool(2))
    }

    private func rotations(_ r: RotationDesk) async throws -> [String] {
        let page = try await r.desk.call("GET", r.path + "/rotations").json
        return page["data"]?.asArray?.compactMap { $0["cause"]?.asString } ?? []
    }

    @Test func `who brought a secret, or had it shown, knows it until another is used`() async throws {
        try await RotationDesk.run(#""readable": true, "#) { r in
            let me = r.desk.me
            let brought = try await SecretsSeen.by([me], in: r.desk.database)
            #expect(brought.map(\.ways) == [["imported"]])
            let shown = try await r.desk.call("POST", r.path + "/reveal", #"{"reason": "a look"}"#)
            #expect(shown.status == 200, "\(shown.text)")
            let both = try await SecretsSeen.by([me], in: r.desk.database)
            #expect(both.map(\.ways) == [["imported", "revealed"]])
            #expect(try await SecretsSeen.by([KeyDesk.colleague], in: r.desk.database).isEmpty)
            r.desk.time.move(.minutes(1))
            let new = #"{"credential": {"kind": "ed25519", "generate": true}}"#
            #expect(try await r.desk.call("POST", r.path + "/versions", new).status == 201)
            let active = try await r.desk.call(
                "POST", r.path + "/versions/2/activate", #"{"api_key": "the-name-of-the-new-one"}"#)
            #expect(active.status == 200, "\(active.text)")
            #expect(try await SecretsSeen.by([me], in: r.desk.database).isEmpty)
        }
    }

    @Test func `what was revealed before its use is known, and what a bot saw is its owner's to answer for`()
        async throws
    {
        try await RotationDesk.run(#""readable": true, "#) { r in
            let (me, bot) = (r.desk.me, KeyDesk.colleague)
            let new = #"{"credential": {"kind": "ed25519", "generate": true}}"#
            #expect(try await r.desk.call("POST", r.path + "/versions", new).status == 201)
            r.desk.time.move(.minutes(1))
            let shown = try await r.desk.call(
                "POST", r.path + "/reveal", #"{"reason": "a look", "version": 2}"#)
            #expect(shown.status == 200, "\(shown.text)")
            r.desk.time.move(.minutes(1))
            let active = try await r.desk.call(
                "POST", r.path + "/versions/2/activate", #"{"api_key": "the-name-of-the-new-one"}"#)
            #expect(active.status == 200, "\(active.text)")
            for everybody in [[me], [bot, me]] {
                let seen = try await SecretsSeen.by(everybody, in: r.desk.database)
                #expect(seen.map(\.version) == [2] && seen.map(\.ways) == [["revealed"]])
            }
            #expect(try await SecretsSeen.by([bot], in: r.desk.database).isEmpty)
        }
    }

    @Test func `what they saw and is not used any more is to be destroyed`() async throws {
        try await RotationDesk.run(#""readable": true, "#) { r in
            let new = #"{"credential": {"kind": "ed25519", "generate": true}}"#
            #expect(try await r.desk.call("POST", r.path + "/versions", new).status == 201)
            let seen = #"{"reason": "a look", "version": 2}"#
            #expect(try await r.desk.call("POST", r.path + "/reveal", seen).status == 200)
            let notes = try await leave(r).compactMap(\.note)
            let told = notes.contains { $0.hasPrefix("They knew version 2, which waits to be used") }
            #expect(told, "\(notes)")
        }
    }

    @Test func `what was revealed is known when the trail has forgotten it`() async throws {
        try await RotationDesk.run(#""readable": true, "#) { r in
            let shown = try await r.desk.call("POST", r.path + "/reveal", #"{"reason": "a look"}"#)
            #expect(shown.status == 200, "\(shown.text)")
            _ = try await r.desk.database.query(Statement("test_forget", "truncate audit_record"))
            let seen = try await SecretsSeen.by([r.desk.me], in: r.desk.database)
            #expect(seen.map(\.ways) == [["imported", "revealed"]])
        }
    }

    @Test func `the heir gets the key, and its rotation is opened at once`() async throws {
        try await RotationDesk.run { r in
            let left = try await leave(r, heir: KeyDesk.colleague)
            #expect(left.map(\.fate) == [.reassigned])
            let key = try await r.desk.call("GET", r.path).json
            #expect(key["owner_id"]?.asString == KeyDesk.colleague.description)
            #expect(try await rotations(r) == ["leaver"])
            let wish = try await wished(r)
            #expect(wish.isDone && wish.rotation != nil)
        }
    }

    @Test func `what another rotation is about waits for it, and is not rotated twice`() async throws {
        try await RotationDesk.run { r in
            let path = try await r.open()
            _ = try await leave(r)
            let waiting = try await wished(r)
            #expect(!waiting.isDone && waiting.note?.contains("under way") == true)
            _ = try await r.desk.runJob("key-exposure", counting: "looked_at")
            #expect(try await !wished(r).isDone)
            let secret = "{\(RotationDesk.credential("new"))}"
            _ = try await r.desk.call("POST", r.path + "/versions", secret)
            #expect(try await r.desk.call("POST", path + "/advance").json["state"] == "overlap")
            let back = try await r.desk.call("POST", path + "/rollback", #"{"reason": "no"}"#)
            #expect(back.status == 200, "\(back.text)")
            _ = try await r.desk.runJob("key-exposure", counting: "looked_at")
            #expect(try await rotations(r).sorted() == ["asked", "leaver"])
        }
    }

    @Test func `once another secret is used, or the key is revoked, nothing is left to do`() async throws {
        for isRevoked in [false, true] {
            try await RotationDesk.run { r in
                let path = try await r.open()
                _ = try await leave(r)
                if isRevoked {
                    _ = try await r.desk.call("POST", r.path + "/revoke", #"{"reason": "over"}"#)
                } else {
                    let secret = "{\(RotationDesk.credential("new"))}"
                    _ = try await r.desk.call("POST", r.path + "/versions", secret)
                    _ = try await r.desk.call("POST", path + "/advance")
                    r.desk.exchange.says(400, RotationDesk.refused, toKey: "old-api-key")
                    for _ in 0..<3 { try await r.tick(.hours(25)) }
                    #expect(try await r.state(path) == "done")
                }
                _ = try await r.desk.runJob("key-exposure", counting: "looked_at")
                let wish = try await wished(r)
                #expect(wish.isDone && wish.rotation == nil, "\(wish)")
                #expect(try await rotations(r) == ["asked"])
            }
        }
    }

    @Test func `a secret of theirs that waits is named, and no rotation takes it on`() async throws {
        try await RotationDesk.run { r in
            let secret = "{\(RotationDesk.credential("new"))}"
            _ = try await r.desk.call("POST", r.path + "/versions", secret)
            let left = try await leave(r)
            #expect(left.contains { $0.note?.contains("version 2, which waits") == true })
            #expect(try await wished(r).note?.contains("Version 2 waits") == true)
            #expect(try await rotations(r) == [])
            let destroyed = try await r.desk.call(
                "POST", r.path + "/versions/2/destroy", #"{"confirm": "a", "reason": "known"}"#)
            #expect(destroyed.status == 200, "\(destroyed.text)")
            _ = try await r.desk.runJob("key-exposure", counting: "looked_at")
            #expect(try await rotations(r) == ["leaver"])
        }
    }

    @Test func `a key that is held by an order about its owner keeps that owner`() async throws {
        try await RotationDesk.run { r in
            let order = try await r.desk.call(
                "POST", "/v1/keys/mode",
                """
                {"selector": {"owner_id": "\(r.desk.me)"}, "mode": "suspended", "reason": "stolen",\
                "expect_count": 1}
                """)
            #expect(order.status == 200, "\(order.text)")
            let left = try await leave(r, heir: KeyDesk.colleague)
            #expect(left.map(\.fate) == [.kept])
            let key = try await r.desk.call("GET", r.path).json
            #expect(key["status"] == "suspended" && key["owner_id"]?.asString == r.desk.me.description)
        }
    }

    @Test func `a key that was changed past the service keeps nobody from leaving`() async throws {
        try await RotationDesk.run { r in
            try await r.desk.run("update exchange_key set readable = not readable")
            let left = try await leave(r, heir: KeyDesk.colleague)
            #expect(left.map(\.fate) == [.kept])
            #expect(left.first?.note?.contains("past the service") == true)
        }
    }
}
