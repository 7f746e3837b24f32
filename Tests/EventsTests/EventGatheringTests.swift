import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Events

@Suite(.serialized) struct EventGatheringTests {
    @Test func `posts of one moment share transactions, and each has its own answer`() async throws {
        try await FeedDesk.run { worker, desk in
            let bodies = (0..<60).map { #"{"type": "custom.n", "data": {"n": \#($0)}}"# }
            let answers = await desk.pushAll(bodies, on: worker).compactMap(\.self)
            #expect(answers.map(\.status) == Array(repeating: 201, count: 60))
            #expect(answers.map { $0.json["data"]?["n"]?.asInt } == (0..<60).map { $0 })
            let listed = try await desk.list("limit=100").data
            #expect(listed.count == 60)
            for answer in answers { #expect(listed.contains(answer.json), "\(answer.text)") }
            let row = try await desk.database.query(Self.written)[0]
            #expect((1...30).contains(row.int(0)), "\(row.int(0)) transactions")
            #expect(row.int(1) == 60)
        }
    }

    @Test func `posts of two workers share transactions, whoever's turn it is`() async throws {
        try await FeedDesk.run { worker, desk in
            let others = desk.otherCaller(on: worker)
            let bodies = (0..<60).map { #"{"type": "custom.n", "data": {"n": \#($0)}}"# }
            let posts = bodies.enumerated().map { number, body in
                desk.post(body, by: number % 2 == 0 ? desk.caller : others, on: worker)
            }
            await worker.wait { posts.allSatisfy(\.isOver) }
            #expect(posts.map { $0.answer?.status } == Array(repeating: 201, count: 60))
            #expect(posts.map { $0.answer?.json["data"]?["n"]?.asInt } == (0..<60).map { $0 })
            let row = try await desk.database.query(Self.written)[0]
            #expect((1...10).contains(row.int(0)), "\(row.int(0)) transactions")
            #expect(row.int(1) == 60)
        }
    }

    private static let written = Statement(
        "test_written",
        """
        select (select count(distinct xid) from event),
            (select count(distinct resource) from audit_item where action = 'events.push')
        """)

    @Test func `of two posts of one moment under one id one is stored, and both are told of it`() async throws
    {
        try await FeedDesk.run { worker, desk in
            let same = #"{"id": "fill-1", "type": "custom.fill", "data": {"n": 1}}"#
            let other = #"{"id": "fill-1", "type": "custom.fill", "data": {"n": 2}}"#
            let bodies = [#"{"type": "custom.first"}"#, same, same, other]
            let answers = await desk.pushAll(bodies, on: worker).compactMap(\.self)
            try #require(answers.map(\.status) == [201, 201, 200, 422])
            #expect(answers[1].json == answers[2].json)
            #expect(answers[3].pointers == ["/id"])
            let types = try await desk.list().types.sorted()
            #expect(types == ["custom.fill", "custom.first"])
        }
    }

    @Test func `a post that cannot be stored fails alone`() async throws {
        try await FeedDesk.run { worker, desk in
            desk.ledger.react { events, _ in
                guard events.contains(where: { $0.type.name == "custom.bad" }) else { return nil }
                throw PostgresError.server(ServerError(sqlState: "22P05", message: "made up"))
            }
            let bodies = ["custom.first", "custom.a", "custom.bad", "custom.b"]
            let answers = await desk.pushAll(bodies.map { #"{"type": "\#($0)"}"# }, on: worker)
            #expect(answers.map { $0?.status } == [201, 201, nil, 201])
            let types = try await desk.list().types.sorted()
            #expect(types == ["custom.a", "custom.b", "custom.first"])
        }
    }

    @Test func `a post whose caller's rights moved fails alone`() async throws {
        try await FeedDesk.run { worker, desk in
            // What nobody can have been let in by: an epoch that is still to come.
            let moved = AuthorityHold(epoch: 1_000_000, grounds: [])
            let bodies = ["custom.first", "custom.a", "custom.moved", "custom.b"]
            let posts = bodies.map { type in
                desk.post(#"{"type": "\#(type)"}"#, hold: type == "custom.moved" ? moved : nil, on: worker)
            }
            await worker.wait { posts.allSatisfy(\.isOver) }
            #expect(posts.map { $0.answer?.status } == [201, 201, nil, 201])
            #expect(posts[2].isMoved)
            let types = try await desk.list().types.sorted()
            #expect(types == ["custom.a", "custom.b", "custom.first"])
        }
    }

    @Test func `posts that met another transaction are stored together once it is over`() async throws {
        try await FeedDesk.run { worker, desk in
            var conflicts = 0
            desk.ledger.react { events, _ in
                guard conflicts < 2, events.contains(where: { $0.type.name == "custom.a" }) else {
                    return nil
                }
                conflicts += 1
                throw PostgresError.server(ServerError(sqlState: "40P01", message: "made up"))
            }
            let bodies = ["custom.first", "custom.a", "custom.b"]
            let answers = await desk.pushAll(bodies.map { #"{"type": "\#($0)"}"# }, on: worker)
            #expect(answers.map { $0?.status } == [201, 201, 201] && conflicts == 2)
            let rows = try await desk.database.query(Self.transactionsOfBoth)
            #expect(rows.first?.int(0) == 1)
        }
    }

    private static let transactionsOfBoth = Statement(
        "test_both", "select count(distinct xid) from event where type in ('custom.a', 'custom.b')")

    @Test func `an Idempotency-Key counts once among posts of one moment, and not where it was refused`()
        async throws
    {
        try await FeedDesk.run { worker, desk in
            let bodies: [(String, String?)] = [
                (#"{"type": "custom.first"}"#, nil), (#"{"id": "x", "type": "custom.a"}"#, "one"),
                (#"{"id": "y", "type": "custom.b"}"#, "one"), (#"{"id": "x", "type": "custom.c"}"#, "two"),
                (#"{"type": "custom.d"}"#, "three"),
            ]
            let answers = await desk.pushAll(bodies.map(\.0), keys: bodies.map(\.1), on: worker)
            #expect(answers.map { $0?.status } == [201, 201, 409, 422, 201])
            let types = try await desk.list().types.sorted()
            #expect(types == ["custom.a", "custom.d", "custom.first"])
            let claims = try await desk.database.query(Self.claims).map { $0.text(0) }
            #expect(claims == ["one", "three"])
        }
    }

    private static let claims = Statement("test_claims", "select key from idempotency_key order by key")

    @Test func `who waits behind somebody's row does not hold up the others`() async throws {
        try await FeedDesk.run { worker, desk in
            let me = desk.me.uuid
            var slow: PostedLater?
            _ = try? await desk.database.transaction { transaction in
                try await transaction.query(Self.claim, .uuid(me))
                slow = desk.post(#"{"id": "slow", "type": "custom.slow"}"#, on: worker)
                let quick = try await desk.push(#"{"type": "custom.quick"}"#)
                #expect(quick.status == 201)
                #expect(slow?.isOver == false)
                throw Undone()
            }
            await worker.wait { slow?.isOver == true }
            #expect(slow?.answer?.status == 201)
            let types = try await desk.list().types.sorted()
            #expect(types == ["custom.quick", "custom.slow"])
        }
    }

    private struct Undone: Error {}

    private static let claim = Statement(
        "test_claim",
        """
        insert into own_event_id (principal, id, digest, created_at) values ($1, 'slow', '', now())
        """)
}

/// A post whose answer is still to come.
private final class PostedLater {
    var answer: TestAnswer?
    var isMoved = false
    var isOver = false
}

extension FeedDesk {
    fileprivate func post(
        _ body: String, key: String? = nil, hold: AuthorityHold? = nil, by caller: TestCaller? = nil,
        on worker: isolated Worker
    ) -> PostedLater {
        let caller = caller ?? self.caller
        var context = context()
        context.hold = hold
        context.idempotency = key.map {
            IdempotencyClaim(method: "POST", path: "/v1/events", key: $0, bodyDigest: Array(body.utf8))
        }
        let later = PostedLater()
        Task {
            _ = worker
            do {
                later.answer = try await caller.call("POST", "/v1/events", context, body: body)
            } catch {
                later.isMoved = error is AuthorityMoved
            }
            later.isOver = true
        }
        return later
    }

    /// All at one moment. Nil: it failed.
    fileprivate func pushAll(
        _ bodies: [String], keys: [String?]? = nil, on worker: isolated Worker
    ) async -> [TestAnswer?] {
        let posts = bodies.enumerated().map { post($1, key: keys?[$0], on: worker) }
        await worker.wait { posts.allSatisfy(\.isOver) }
        return posts.map(\.answer)
    }
}
