import Access
import Events
import Identity
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// Whoever stays, and whoever's rules and webhooks act for them, may do so for as long as what they stand on
/// lasts.
struct LeaveTests {
    private static let lapse = Statement("test_lapse", "update principal set expires_at = $2 where id = $1")
    private static let rest = Statement(
        "test_rest", "update access_token set idle_seconds = $2, last_used_at = $3 where id = $1")

    @Test func `a stream is over with its token, with rest, with whoever opened it, and not before`()
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let now = premises.host.shared.clock.now()
            let short = try await premises.call(
                "POST", "/v1/access-tokens", as: owner.token,
                body: #"{"name":"short","expires_at":"\#(now + .hours(2))"}"#)
            let id = try #require(short.json["id"]?.asString.flatMap { AccessTokenID($0) }, "\(short.text)")
            let me = try #require(PrincipalID(owner.id))
            let context = Context(
                actor: Actor(principal: me, accessToken: id, address: nil),
                permissions: Set(Permission.allCases), now: now, requestID: "req_test")
            func left(after period: Period) async throws -> EventLeave? {
                try await PrincipalRights.left(of: context, at: now + period, in: premises.host.database)
            }
            #expect(try await left(after: .minutes(119)) != nil)
            #expect(try await left(after: .hours(2)) == nil, "it has lapsed")
            try await premises.write(Self.rest, .id(id), .int(600), .timestamp(now))
            #expect(try await left(after: .minutes(9)) != nil)
            #expect(try await left(after: .minutes(10)) == nil, "nobody used it for too long")
            try await premises.write(Self.lapse, .uuid(me.uuid), .timestamp(now + .minutes(5)))
            #expect(try await left(after: .minutes(4)) != nil)
            #expect(try await left(after: .minutes(5)) == nil, "whoever opened it is gone")
        }
    }

    @Test func `rules and webhooks act for nobody whose time is over, though nobody tells of it`()
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let me = try #require(PrincipalID(owner.id))
            let start = premises.host.shared.clock.now()
            try await premises.write(Self.lapse, .uuid(me.uuid), .timestamp(start + .hours(1)))
            let time = SetTime(start)
            let rights = OwnerRights(
                database: premises.host.database,
                reader: RightsReader(now: { time.now }) { principals, now, source in
                    try await PrincipalRights.of(principals, at: now, in: source)
                })
            for (passed, isThere) in [(Period.minutes(0), true), (.minutes(59), true), (.hours(1), false)] {
                time.now = start + passed
                let found = try await rights.rights(of: [me], at: 1)
                #expect((found[me] != nil) == isThere, "after \(passed)")
            }
        }
    }

    private final class SetTime {
        var now: Timestamp

        init(_ now: Timestamp) { self.now = now }
    }
}

extension Premises {
    /// Past the interface, and without a word.
    fileprivate nonisolated(nonsending) func write(
        _ statement: Statement, _ parameters: Parameter...
    ) async throws {
        _ = try await host.database.transaction { transaction in
            try await transaction.query(statement, parameters: parameters)
        }
    }
}
