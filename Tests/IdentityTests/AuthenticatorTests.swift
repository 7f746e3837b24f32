import Access
import EventLoop
import Events
import HTTPServer
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Identity

@Suite(.serialized) struct AuthenticatorTests {
    private static let events = Statement(
        "test_events", "select type, subject, data from event order by id")
    private static let lastUsed = Statement(
        "test_last_used", "select last_used_at from access_token where id = $1")
    private static let raise = Statement("test_raise", "update authority set epoch = epoch + 1")

    private let time = MovableClock()
    private let address = IPAddress("10.1.2.3")

    /// The answer of one whole request: begin, then settle.
    private nonisolated(nonsending) func ask(
        _ authenticator: Authenticator, _ credential: Credential, from address: IPAddress? = nil
    ) async throws -> Attempt.Outcome {
        let address = address ?? self.address
        let attempt = try await authenticator.begin(credential, from: address, now: time.now)
        return try await authenticator.settle(attempt, from: address, now: time.now)?.outcome
            ?? attempt.outcome
    }

    private func reason(_ outcome: Attempt.Outcome) -> Refusal.Reason? {
        if case .refused(let refusal) = outcome { return refusal.reason }
        return nil
    }

    @Test func `a token stands for its principal with what its grants give, narrowed by its scopes`()
        async throws
    {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time, address] _, database async throws in
            let desk = Desk(database, time)
            let authenticator = Authenticator(ledger: desk.ledger, refusals: Refusals())
            let user = try await desk.makeUser([.trader, .analyst])
            let whole = try await desk.makeToken(of: user)
            let narrow = try await desk.makeToken(of: user, scopes: ["keys:read", "jobs:run", "no:such"])
            let actor = Actor(principal: PrincipalID(user), accessToken: whole.id, address: address)
            for _ in 0..<2 {
                let all = BuiltInRole.trader.permissions.union(BuiltInRole.analyst.permissions)
                guard
                    case .caller(let wide) = try await self.ask(authenticator, whole.secret.credential),
                    case .caller(let caller) = try await self.ask(authenticator, narrow.secret.credential)
                else {
                    Issue.record("a token is refused")
                    return
                }
                #expect(wide.actor == actor && wide.permissions == all)
                #expect(wide.mfaDueAt == time.now + .days(7))
                #expect(caller.permissions == [.keysRead])
            }
        }
    }

    @Test func `unknown, malformed and absent tokens are told apart inside`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let authenticator = Authenticator(ledger: Desk(database, time).ledger, refusals: Refusals())
            let unknown = AccessTokenSecret(.accessToken, .system).credential
            #expect(try await self.reason(self.ask(authenticator, unknown)) == .unknown)
            #expect(try await self.reason(self.ask(authenticator, .malformed)) == .malformed)
            #expect(try await self.ask(authenticator, .absent) == .anonymous)
            #expect(authenticator.cachedCount == 0)
        }
    }

    @Test func `a known token needs no suspension and two statements of one turn`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time, address] _, database async throws in
            let desk = Desk(database, time)
            let authenticator = Authenticator(ledger: desk.ledger, refusals: Refusals())
            let token = try await desk.makeToken(of: try await desk.makeUser())
            _ = try await self.ask(authenticator, token.secret.credential)
            let attempt = try await authenticator.begin(token.secret.credential, from: address, now: time.now)
            let rows = try await database.query(Self.events)
            #expect(rows.isEmpty)
            #expect(try await authenticator.settle(attempt, from: address, now: time.now) == nil)
            #expect(authenticator.cachedCount == 1)
        }
    }

    @Test func `a revocation is seen by the very next request on another worker`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] worker, database async throws in
            let other = scratch.open(on: worker)
            defer { other.stop() }
            try await other.ready()
            let (here, there) = (Desk(database, time), Desk(other, time))
            let mine = Authenticator(ledger: here.ledger, refusals: Refusals())
            let theirs = Authenticator(ledger: there.ledger, refusals: Refusals())
            for _ in 0..<10 {
                let token = try await here.makeToken(of: try await here.makeUser())
                #expect(try await self.reason(self.ask(mine, token.secret.credential)) == nil)
                #expect(try await self.reason(self.ask(theirs, token.secret.credential)) == nil)
                try await there.change(Desk.revoke, .id(token.id), .timestamp(time.now))
                #expect(try await self.reason(self.ask(mine, token.secret.credential)) == .revoked)
                #expect(try await self.reason(self.ask(theirs, token.secret.credential)) == .revoked)
            }
        }
    }

    @Test func `a revocation between begin and settle changes the decision`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time, address] _, database async throws in
            let desk = Desk(database, time)
            let authenticator = Authenticator(ledger: desk.ledger, refusals: Refusals())
            let token = try await desk.makeToken(of: try await desk.makeUser())
            _ = try await self.ask(authenticator, token.secret.credential)
            try await desk.change(Desk.revoke, .id(token.id), .timestamp(time.now))
            let attempt = try await authenticator.begin(token.secret.credential, from: address, now: time.now)
            #expect(self.reason(attempt.outcome) == nil)
            let fresh = try await authenticator.settle(attempt, from: address, now: time.now)
            #expect(self.reason(fresh?.outcome ?? .anonymous) == .revoked)
            #expect(authenticator.cachedCount == 0)
        }
    }

    @Test func `an epoch that moved for somebody else changes nothing for us`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time, address] _, database async throws in
            let desk = Desk(database, time)
            let authenticator = Authenticator(ledger: desk.ledger, refusals: Refusals())
            let token = try await desk.makeToken(of: try await desk.makeUser())
            _ = try await self.ask(authenticator, token.secret.credential)
            let attempt = try await authenticator.begin(token.secret.credential, from: address, now: time.now)
            try await desk.change(Self.raise)
            #expect(try await authenticator.settle(attempt, from: address, now: time.now) == nil)
        }
    }

    @Test func `a new grant and an enabled principal count at once`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let desk = Desk(database, time)
            let authenticator = Authenticator(ledger: desk.ledger, refusals: Refusals())
            let user = try await desk.makeUser([.bot])
            let token = try await desk.makeToken(of: user)
            _ = try await self.ask(authenticator, token.secret.credential)
            let grant: GrantID = desk.ledger.newID()
            try await desk.change(Desk.grant, .id(grant), .id(user), .text("auditor"), .timestamp(time.now))
            guard case .caller(let caller) = try await self.ask(authenticator, token.secret.credential) else {
                Issue.record("refused")
                return
            }
            #expect(caller.permissions.contains(.auditRead))
            for status in [PrincipalStatus.disabled, .invited] {
                try await desk.change(Desk.setStatus, .id(user), .text(status.rawValue))
                #expect(
                    try await self.reason(self.ask(authenticator, token.secret.credential))
                        == .principalDisabled)
            }
            try await desk.change(Desk.setStatus, .id(user), .text("active"))
            #expect(try await self.reason(self.ask(authenticator, token.secret.credential)) == nil)
        }
    }

    @Test func `a token lapses by the clock alone, cached or not`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let desk = Desk(database, time)
            let authenticator = Authenticator(ledger: desk.ledger, refusals: Refusals())
            let token = try await desk.makeToken(
                of: try await desk.makeUser(), expiresAt: time.now + .hours(1))
            #expect(try await self.reason(self.ask(authenticator, token.secret.credential)) == nil)
            time.advance(.minutes(59))
            #expect(try await self.reason(self.ask(authenticator, token.secret.credential)) == nil)
            time.advance(.minutes(1))
            #expect(try await self.reason(self.ask(authenticator, token.secret.credential)) == .expired)
        }
    }

    @Test(arguments: [
        ([], "203.0.113.9", true), (["10.1.0.0/16"], "10.1.255.255", true),
        (["10.1.0.0/16"], "10.2.0.0", false),
        (["10.1.0.0/16"], "::ffff:10.1.0.1", true), (["::ffff:10.1.0.1"], "10.1.0.1", true),
        (["10.1.0.1"], "10.1.0.1", true), (["10.1.0.1"], "10.1.0.2", false),
        (["2001:db8::/32"], "2001:db8:9::1", true),
        (["2001:db8::/32"], "2001:db9::1", false), (["0.0.0.0/0"], "::1", false),
        (["::/0"], "10.0.0.1", false),
        (["10.9.0.0/16", "2001:db8::/32"], "2001:db8::1", true),
    ])
    func `a token works from its addresses only`(cidrs: [String], from: String, works: Bool) async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let desk = Desk(database, time)
            let authenticator = Authenticator(ledger: desk.ledger, refusals: Refusals())
            let token = try await desk.makeToken(of: try await desk.makeUser(), cidrs: cidrs)
            for _ in 0..<2 {
                let outcome = try await self.ask(
                    authenticator, token.secret.credential, from: IPAddress(from))
                #expect(self.reason(outcome) == (works ? nil : .address))
            }
        }
    }

    @Test func `a token with addresses is refused where there is none`() throws {
        let standing = Standing(
            token: AccessTokenID(UUID(high: 1, low: 1)), name: "a",
            principal: PrincipalID(.user, UUID(high: 1, low: 2)),
            status: .active, isRevoked: false, expiresAt: nil, principalExpiresAt: nil,
            cidrs: [try #require(CIDR("0.0.0.0/0"))], isDecoy: false, grants: [], scopes: nil, rights: .none)
        #expect(standing.refusal(from: nil, now: time.now) == .address)
    }

    @Test func `the cache keeps its bound`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let desk = Desk(database, time)
            let authenticator = Authenticator(ledger: desk.ledger, refusals: Refusals(), capacity: 3)
            let user = try await desk.makeUser()
            for _ in 0..<10 {
                let token = try await desk.makeToken(of: user)
                #expect(try await self.reason(self.ask(authenticator, token.secret.credential)) == nil)
                #expect(authenticator.cachedCount <= 3)
            }
        }
    }

    @Test func `a lost database is an error at once, cached or not`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let desk = Desk(database, time)
            let authenticator = Authenticator(ledger: desk.ledger, refusals: Refusals())
            let token = try await desk.makeToken(of: try await desk.makeUser())
            _ = try await self.ask(authenticator, token.secret.credential)
            database.stop()
            await #expect(throws: PostgresError.unavailable) {
                _ = try await self.ask(authenticator, token.secret.credential)
            }
            await #expect(throws: PostgresError.unavailable) {
                _ = try await self.ask(authenticator, AccessTokenSecret(.accessToken, .system).credential)
            }
        }
    }

    @Test func `times of use are written in one go, to the minute`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let desk = Desk(database, time)
            let authenticator = Authenticator(ledger: desk.ledger, refusals: Refusals())
            let token = try await desk.makeToken(of: try await desk.makeUser())
            func written() async throws -> Timestamp? {
                try await database.query(Self.lastUsed, .id(token.id)).first?.optionalTimestamp(0)
            }
            let first = time.now
            _ = try await self.ask(authenticator, token.secret.credential)
            #expect(try await written() == nil)
            try await authenticator.flush(now: time.now)
            #expect(try await written() == first)
            time.advance(.seconds(59))
            _ = try await self.ask(authenticator, token.secret.credential)
            try await authenticator.flush(now: time.now)
            #expect(try await written() == first)
            time.advance(.seconds(2))
            _ = try await self.ask(authenticator, token.secret.credential)
            try await authenticator.flush(now: time.now)
            #expect(try await written() == time.now)
            // What another worker could not write for a while comes late.
            let late = LastUse<AccessTokenKind>()
            late.note(token.id, from: nil, at: first + .seconds(30))
            let last = time.now
            time.advance(.minutes(5))
            try await late.flush(by: AccessTokenStore.noteUse, to: database, now: time.now)
            #expect(try await written() == last)
        }
    }

    @Test func `refusals are committed before the answer, ten a minute, then as a sum`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time, address] _, database async throws in
            let desk = Desk(database, time)
            let authenticator = Authenticator(ledger: desk.ledger, refusals: Refusals())
            let request = RefusedRequest(method: "GET", route: "/v1/me", requestID: "req_test")
            for count in 1...15 {
                let problem = try await authenticator.refuse(
                    Refusal(.unknown, from: address), request, now: time.now)
                #expect(problem.code == .unauthenticated)
                #expect(try await database.query(Self.events).count == min(count, 10))
            }
            time.advance(.minutes(1))
            try await authenticator.flush(now: time.now)
            let rows = try await database.query(Self.events)
            #expect(rows.count == 11)
            let data = String(decoding: rows[10].json(2), as: UTF8.self)
            #expect(rows[10].text(0) == "access_token.refused")
            #expect(rows[10].text(1) == "10.1.2.3")
            #expect(data.contains("\"count\": 5"))
        }
    }
}
