import Access
import EventLoop
import Events
import Exchanges
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// Who may do something, told by what was known while there was a database.
@Suite(.serialized) struct HeldStandingsTests {
    private let time = MovableClock()
    private let address = IPAddress("10.1.2.3")

    private nonisolated(nonsending) func held(_ desk: Desk) async throws -> HeldStandings {
        try await HeldStandings.read(.keysProxy, now: time.now, in: desk.ledger.database)
    }

    @Test func `a caller is the one that asking would give`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time, address] _, database async throws in
            let desk = Desk(database, time)
            let user = try await desk.makeUser([.trader, .analyst])
            let whole = try await desk.makeToken(of: user)
            let narrow = try await desk.makeToken(of: user, scopes: ["keys:proxy"])
            let known = try await self.held(desk)
            let caller = try #require(known.caller(whole.secret.credential, from: address, now: time.now))
            let actor = Actor(principal: PrincipalID(user), accessToken: whole.id, address: address)
            #expect(caller.actor == actor)
            #expect(
                caller.permissions
                    == BuiltInRole.trader.permissions.union(BuiltInRole.analyst.permissions))
            let less = known.caller(narrow.secret.credential, from: address, now: time.now)
            #expect(less?.permissions == [.keysProxy])
        }
    }

    @Test func `whoever may not do it, is disabled, or has a token that does not count is not held`()
        async throws
    {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let desk = Desk(database, time)
            let user = try await desk.makeUser()
            let revoked = try await desk.makeToken(of: user)
            try await desk.change(Desk.revoke, .id(revoked.id), .timestamp(desk.time.now))
            _ = try await desk.makeToken(of: user, expiresAt: desk.time.now)
            _ = try await desk.makeToken(of: user, scopes: ["keys:read"])
            _ = try await desk.makeToken(of: try await desk.makeUser([.analyst]))
            _ = try await desk.makeToken(of: try await desk.makeUser(status: .disabled))
            #expect(try await self.held(desk).count == 0)
            _ = try await desk.makeToken(of: user)
            #expect(try await self.held(desk).count == 1)
        }
    }

    @Test func `whoever may do it to some things only is held, with just these rights`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time, address] _, database async throws in
            let desk = Desk(database, time)
            let user = try await desk.makeUser([])
            let grant = Grant(
                id: desk.ledger.newID(), grantee: .principal(PrincipalID(user)), role: "bot",
                scope: .selector(Scope.Selector(environment: .live)), createdAt: time.now, createdBy: nil)
            try await desk.ledger.change(desk.context) { change in try await change.add(grant) }
            let token = try await desk.makeToken(of: user)
            let known = try await self.held(desk)
            let caller = known.caller(token.secret.credential, from: address, now: time.now)
            let rights = try #require(caller?.rights)
            #expect(!rights.everywhere.contains(.keysProxy))
            for (environment, isIn) in [(Exchanges.Environment.live, true), (.testnet, false)] {
                let key = Target(.newKey, exchange: .okx, environment: environment, account: "main")
                #expect(rights.may(.keysProxy, on: key) == isIn)
            }
        }
    }

    @Test func `whoever should have had a second factor by now is not held`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time, address] _, database async throws in
            let desk = Desk(database, time)
            let token = try await desk.makeToken(of: try await desk.makeUser())
            let known = try await self.held(desk)
            let credential = token.secret.credential
            let due = time.now + .days(7)
            let before = known.caller(credential, from: address, now: due - .milliseconds(1))
            #expect(before?.mfaDueAt == due)
            #expect(known.caller(credential, from: address, now: due) == nil)
        }
    }

    @Test func `addresses and dates count at each use, and strangers are nobody`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time, address] _, database async throws in
            let desk = Desk(database, time)
            let user = try await desk.makeUser()
            let bound = try await desk.makeToken(of: user, cidrs: ["10.1.0.0/16"])
            let brief = try await desk.makeToken(of: user, expiresAt: time.now + .minutes(5))
            let known = try await self.held(desk)
            let elsewhere = IPAddress("10.2.0.1")
            #expect(known.caller(bound.secret.credential, from: address, now: time.now) != nil)
            #expect(known.caller(bound.secret.credential, from: elsewhere, now: time.now) == nil)
            #expect(known.caller(bound.secret.credential, from: nil, now: time.now) == nil)
            #expect(known.caller(brief.secret.credential, from: elsewhere, now: time.now) != nil)
            let later = time.now + .minutes(5)
            #expect(known.caller(brief.secret.credential, from: address, now: later) == nil)
            let unknown = AccessTokenSecret(.accessToken, .system).credential
            for credential in [unknown, .absent, .malformed] {
                #expect(known.caller(credential, from: address, now: time.now) == nil)
            }
        }
    }
}
