import Access
import Crypto
import EventLoop
import Jobs
import Events
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Identity

/// Tokens that end by idleness or by their number of uses, and nonces that count once, on all nodes together.
@Suite(.serialized) struct AccessTokenTermsTests {
    private static let setIdle = Statement(
        "test_idle", "update access_token set idle_seconds = $2 where id = $1")
    private static let setMost = Statement("test_most", "update access_token set max_uses = $2 where id = $1")
    private static let setKey = Statement("test_key", "update access_token set public_key = $2 where id = $1")
    private static let read = Statement(
        "test_uses", "select uses, last_used_at, last_used_address from access_token where id = $1")
    private static let nonces = Statement("test_nonces", "select nonce from access_token_nonce")

    private let time = MovableClock()
    private let address = IPAddress("10.1.2.3")

    /// One whole request: why it does not run; nil: it runs.
    private nonisolated(nonsending) func use(
        _ secret: AccessTokenSecret, by authenticator: Authenticator, nonce: String? = nil
    ) async throws -> Refusal.Reason? {
        var attempt = try await authenticator.begin(secret.credential, from: address, now: time.now)
        if let fresh = try await authenticator.settle(attempt, from: address, now: time.now) {
            attempt = fresh
        }
        switch attempt.outcome {
        case .anonymous: return .malformed
        case .refused(let refusal): return refusal.reason
        case .caller(let caller):
            let signature = nonce.map { RequestSignature(nonce: $0, created: time.now, digest: nil) }
            return try await authenticator.charge(caller, secret.credential, signature, now: time.now)?.reason
        }
    }

    private func authenticator(_ desk: Desk) -> Authenticator {
        Authenticator(ledger: desk.ledger, refusals: Refusals())
    }

    @Test func `a token in use never lapses by idleness, whatever was not written and on whichever node`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { [time] _, database async throws in
            let desk = Desk(database, time)
            let token = try await desk.makeToken(of: try await desk.makeUser())
            try await desk.change(Self.setIdle, .id(token.id), .int64(600))
            let (here, there) = (self.authenticator(desk), self.authenticator(desk))
            for round in 0..<40 {
                // Nothing is ever flushed; every third use is of a node that was started anew.
                let node = round % 3 == 0 ? self.authenticator(desk) : round % 2 == 0 ? here : there
                #expect(try await self.use(token.secret, by: node) == nil, "round \(round)")
                time.advance(.seconds(Int64([1, 59, 61, 300, 599, 600][round % 6])))
            }
        }
    }

    @Test func `an idle token lapses after its period, at most a minute late`() async throws {
        try await ScratchDatabase.make().withDatabase { [time] _, database async throws in
            let desk = Desk(database, time)
            let user = try await desk.makeUser()
            for used in [false, true] {
                let token = try await desk.makeToken(of: user)
                try await desk.change(Self.setIdle, .id(token.id), .int64(600))
                let (here, there) = (self.authenticator(desk), self.authenticator(desk))
                time.advance(.minutes(2))
                if used {
                    #expect(try await self.use(token.secret, by: here) == nil)
                    #expect(try await self.use(token.secret, by: there) == nil)
                } else {
                    time.advance(.minutes(-2))
                }
                time.advance(.seconds(661))
                #expect(try await self.use(token.secret, by: here) == .expired)
                #expect(try await self.use(token.secret, by: there) == .expired)
            }
        }
    }

    @Test func `a busy token that may be idle writes its use once a minute`() async throws {
        try await ScratchDatabase.make().withDatabase { [time, address] _, database async throws in
            let desk = Desk(database, time)
            let token = try await desk.makeToken(of: try await desk.makeUser())
            try await desk.change(Self.setIdle, .id(token.id), .int64(3_600))
            let node = self.authenticator(desk)
            var paid = 0
            for _ in 0..<180 {
                time.advance(.seconds(1))
                let attempt = try await node.begin(token.secret.credential, from: address, now: time.now)
                guard case .caller(let caller) = attempt.outcome else {
                    Issue.record("refused")
                    return
                }
                if caller.terms != nil { paid += 1 }
                #expect(try await node.charge(caller, token.secret.credential, nil, now: time.now) == nil)
            }
            #expect(paid == 3)
            let row = try #require(try await database.query(Self.read, .id(token.id)).first)
            #expect(row.timestamp(1) == time.now && row.text(2) == "10.1.2.3")
        }
    }

    @Test func `64 parallel uses of a three-use token: exactly three`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] worker, _ async throws in
            let (first, second) = (scratch.open(on: worker), scratch.open(on: worker))
            defer { [first, second].forEach { $0.stop() } }
            for node in [first, second] { try await node.ready() }
            let desk = Desk(first, time)
            let user = try await desk.makeUser()
            for _ in 0..<5 {
                let token = try await desk.makeToken(of: user)
                try await desk.change(Self.setMost, .id(token.id), .int64(3))
                let nodes = [self.authenticator(desk), self.authenticator(Desk(second, time))]
                let reasons = await worker.sideBySide(64) { number in
                    try await self.use(token.secret, by: nodes[number % 2])
                }
                let allowed = try reasons.count { try $0.get() == nil }
                #expect(try reasons.allSatisfy { [nil, .usedUp].contains(try $0.get()) })
                #expect(allowed == 3)
                for node in nodes { #expect(try await self.use(token.secret, by: node) == .usedUp) }
                #expect(try await first.query(Self.read, .id(token.id)).first?.int(0) == 3)
            }
        }
    }

    @Test func `a nonce counts once for a token, on every node, and costs no use the second time`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { [time] worker, database async throws in
            let desk = Desk(database, time)
            let user = try await desk.makeUser()
            let key = try Ed25519.SigningKey().publicKey
            let (mine, other) = (try await desk.makeToken(of: user), try await desk.makeToken(of: user))
            for token in [mine, other] {
                try await desk.change(Self.setKey, .id(token.id), .bytes(key.bytes))
                try await desk.change(Self.setMost, .id(token.id), .int64(9))
            }
            let (here, there) = (self.authenticator(desk), self.authenticator(desk))
            #expect(try await self.use(mine.secret, by: here, nonce: "a-nonce-of-mine") == nil)
            for node in [here, there] {
                #expect(try await self.use(mine.secret, by: node, nonce: "a-nonce-of-mine") == .replayed)
            }
            #expect(try await self.use(other.secret, by: there, nonce: "a-nonce-of-mine") == nil)
            #expect(try await database.query(Self.read, .id(mine.id)).first?.int(0) == 1)
            let reasons = await worker.sideBySide(32) { number in
                try await self.use(mine.secret, by: number % 2 == 0 ? here : there, nonce: "another-one")
            }
            let allowed = try reasons.count { try $0.get() == nil }
            #expect(try reasons.allSatisfy { [nil, .replayed].contains(try $0.get()) })
            #expect(allowed == 1)
        }
    }

    @Test func `nonces are dropped when no clock of ours would take them any more`() async throws {
        try await ScratchDatabase.make().withDatabase { [time] _, database async throws in
            let desk = Desk(database, time)
            let token = try await desk.makeToken(of: try await desk.makeUser())
            try await desk.change(Self.setKey, .id(token.id), .bytes([UInt8](repeating: 1, count: 32)))
            let node = self.authenticator(desk)
            #expect(try await self.use(token.secret, by: node, nonce: "an-old-nonce") == nil)
            time.advance(.minutes(59))
            #expect(try await self.use(token.secret, by: node, nonce: "a-new-nonce") == nil)
            let job = try #require(AccessTokenJobs(ledger: desk.ledger).jobs.first)
            for (minutes, left) in [(0, 2), (2, 1), (59, 0)] {
                time.advance(.minutes(Int64(minutes)))
                let run = JobRun(
                    id: desk.ledger.newID(), context: .installation(now: time.now, requestID: "req_test"))
                _ = try await job.run(run)
                #expect(try await database.query(Self.nonces).count == left)
            }
        }
    }

    @Test func `while the database is gone, tokens that must write a use are not held`() async throws {
        try await ScratchDatabase.make().withDatabase { [time, address] _, database async throws in
            let desk = Desk(database, time)
            let user = try await desk.makeUser()
            let plain = try await desk.makeToken(of: user)
            let (counted, bound) = (try await desk.makeToken(of: user), try await desk.makeToken(of: user))
            let (idle, lapsed) = (try await desk.makeToken(of: user), try await desk.makeToken(of: user))
            try await desk.change(Self.setMost, .id(counted.id), .int64(9))
            try await desk.change(Self.setKey, .id(bound.id), .bytes([UInt8](repeating: 1, count: 32)))
            try await desk.change(Self.setIdle, .id(idle.id), .int64(600))
            try await desk.change(Self.setIdle, .id(lapsed.id), .int64(60))
            time.advance(.minutes(9))
            let held = try await HeldStandings.read(.keysProxy, now: time.now, in: database)
            time.advance(.minutes(15))
            for (token, isHeld) in [
                (plain, true), (counted, false), (bound, false), (idle, true), (lapsed, false),
            ] {
                let caller = held.caller(token.secret.credential, from: address, now: time.now)
                #expect((caller != nil) == isHeld)
            }
        }
    }
}
