import Access
import EventLoop
import Events
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// A change of authority makes a worker forget what it touched, and nothing else. What is known of somebody
/// is made different in the database without a word: whoever was forgotten shows it, whoever was not does
/// not.
@Suite(.serialized) struct AuthorityDeltaTests {
    private let time = MovableClock()
    private let address = IPAddress("10.0.0.1")
    private static let silently = Statement(
        "test_silent_grant",
        "insert into access_grant (id, principal, role, created_at) values ($1, $2, 'auditor', $3)")
    private static let raise = Statement("test_raise", "update authority set epoch = epoch + 1")
    private static let goBack = Statement("test_go_back", "update authority set epoch = 1")
    private static let forget = Statement("test_forget", "delete from authority_change")

    private struct Pair {
        let desk: Desk
        let authenticator: Authenticator
        let users: [UserID]
        let tokens: [(id: AccessTokenID, secret: AccessTokenSecret)]
    }

    private func withPair(_ body: @Sendable @escaping (Pair) async throws -> Void) async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let desk = Desk(database, time)
            let authenticator = Authenticator(ledger: desk.ledger, refusals: Refusals())
            let users = [try await desk.makeUser([.bot]), try await desk.makeUser([.bot])]
            var tokens: [(id: AccessTokenID, secret: AccessTokenSecret)] = []
            for user in users { tokens.append(try await desk.makeToken(of: user)) }
            let pair = Pair(desk: desk, authenticator: authenticator, users: users, tokens: tokens)
            for index in 0..<2 { #expect(try await self.isAuditor(index, pair) == false) }
            for user in users { try await self.makeAuditorSilently(user, desk) }
            try await body(pair)
        }
    }

    private func makeAuditorSilently(_ user: UserID, _ desk: Desk) async throws {
        let id: GrantID = desk.ledger.newID()
        _ = try await desk.ledger.database.transaction { transaction in
            try await transaction.query(Self.silently, .id(id), .id(user), .timestamp(time.now))
        }
    }

    /// As a request would find it: asked, and settled.
    private func isAuditor(_ index: Int, _ pair: Pair) async throws -> Bool? {
        let attempt = try await pair.authenticator.begin(
            pair.tokens[index].secret.credential, from: address, now: time.now)
        let settled =
            try await pair.authenticator.settle(attempt, from: address, now: time.now) ?? attempt
        guard case .caller(let caller) = settled.outcome else { return nil }
        return caller.permissions.contains(.auditRead)
    }

    private func change(_ pair: Pair, _ note: @escaping (Change) -> Void) async throws {
        try await pair.desk.ledger.change(pair.desk.context) { change in note(change) }
    }

    @Test func `who was touched is read anew, who was not stays known`() async throws {
        try await withPair { pair in
            let first = PrincipalID(pair.users[0])
            try await change(pair) { $0.touch(.principal(first)) }
            #expect(try await isAuditor(0, pair) == true)
            #expect(try await isAuditor(1, pair) == false)
            // Without asking anybody: what was read for one told of the other.
            let known = pair.authenticator.known(
                pair.tokens[1].secret.credential, from: address, now: time.now)
            let epoch = try await pair.desk.ledger.database.query(Authority.readEpoch).first?.int64(0)
            #expect(known?.epoch == epoch)
        }
    }

    @Test func `whoever is asked about again teaches what is known of all`() async throws {
        try await withPair { pair in
            try await change(pair) { $0.touch(.uses) }
            let epoch = try await pair.desk.ledger.database.query(Authority.readEpoch).first?.int64(0)
            let again = try await pair.authenticator.again(
                pair.tokens[0].secret.credential, from: address, now: time.now)
            #expect(again.epoch == epoch)
            // Uses compare the epoch where they act: one of before would be decided a second time, each time.
            for token in pair.tokens {
                let known = pair.authenticator.known(token.secret.credential, from: address, now: time.now)
                #expect(known?.epoch == epoch)
            }
        }
    }

    @Test func `a key, or a role that one has not, touches nobody's rights`() async throws {
        try await withPair { pair in
            try await change(pair) { change in
                change.touch(.uses)
                change.touch(.key(ExchangeKeyID(UUID(high: 1, low: 1))))
                change.touch(.role("other"))
            }
            for index in 0..<2 { #expect(try await isAuditor(index, pair) == false) }
        }
    }

    @Test func `an access token that was touched is read anew`() async throws {
        try await withPair { pair in
            try await change(pair) { $0.touch(.accessToken(pair.tokens[1].id)) }
            #expect(try await isAuditor(0, pair) == false)
            #expect(try await isAuditor(1, pair) == true)
        }
    }

    @Test func `whoever does not say whom touches everybody`() async throws {
        try await withPair { pair in
            try await change(pair) { $0.touchesAuthority = true }
            for index in 0..<2 { #expect(try await isAuditor(index, pair) == true) }
        }
    }

    @Test func `an epoch that nobody told of touches everybody`() async throws {
        try await withPair { pair in
            try await pair.desk.ledger.database.transaction { transaction in
                _ = try await transaction.query(Self.raise)
            }
            for index in 0..<2 { #expect(try await isAuditor(index, pair) == true) }
        }
    }

    @Test func `where the log does not reach back, nothing is known any more`() async throws {
        try await withPair { pair in
            for _ in 0..<3 { try await change(pair) { $0.touch(.uses) } }
            try await pair.desk.ledger.database.transaction { transaction in
                _ = try await transaction.query(Self.forget)
            }
            for index in 0..<2 { #expect(try await isAuditor(index, pair) == true) }
        }
    }

    @Test func `what was known of a future that was undone is forgotten`() async throws {
        try await withPair { pair in
            for _ in 0..<3 { try await change(pair) { $0.touch(.uses) } }
            for index in 0..<2 { #expect(try await isAuditor(index, pair) == false) }
            try await pair.desk.ledger.database.transaction { transaction in
                _ = try await transaction.query(Self.goBack)
            }
            for index in 0..<2 { #expect(try await isAuditor(index, pair) == true) }
        }
    }

    @Test func `many changes behind one another are read at once, up to a bound`() async throws {
        try await withPair { pair in
            for _ in 0..<20 { try await change(pair) { $0.touch(.uses) } }
            let first = PrincipalID(pair.users[0])
            try await change(pair) { $0.touch(.principal(first)) }
            #expect(try await isAuditor(1, pair) == false)
            #expect(try await isAuditor(0, pair) == true)
        }
    }
}
