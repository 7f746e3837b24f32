import Access
import EventLoop
import Events
import Kernel
import Postgres
import Synchronization
import TestSupport

@testable import Identity

/// A clock that a test moves.
final class MovableClock: Sendable {
    private let time = Mutex(Timestamp(seconds: 1_800_000_000))

    var now: Timestamp { time.withLock { $0 } }
    func advance(_ period: Period) { time.withLock { $0 = $0 + period } }

    var clock: Clock {
        Clock(now: { self.now }, monotonicNanoseconds: { UInt64(self.now.microseconds) * 1_000 })
    }
}

/// Rows as a store would leave them, made by hand for tests of what reads them.
struct Desk {
    static let principal = Statement(
        "test_principal",
        """
        insert into principal (id, kind, name, name_folded, email, email_folded, owner, status,
            created_at, updated_at)
        values ($1, 'user', 'A trader', 'a trader', $2, $2, null, $3, $4, $4)
        """)
    static let grant = Statement(
        "test_grant", "insert into access_grant (id, principal, role, created_at) values ($1, $2, $3, $4)")
    static let token = Statement(
        "test_token",
        """
        insert into access_token (id, principal, name, hash, hint, scopes, cidrs, created_at, created_by,
            expires_at)
        values ($1, $2, 'a token', $3, 'kbt_0000', $4, $5, $6, 'usr_test', $7)
        """)
    static let revoke = Statement("test_revoke", "update access_token set revoked_at = $2 where id = $1")
    static let setStatus = Statement("test_status", "update principal set status = $2 where id = $1")

    let ledger: Ledger
    let time: MovableClock

    init(_ database: Database, _ time: MovableClock) {
        ledger = Ledger(database: database, clock: time.clock, entropy: .system)
        self.time = time
    }

    var context: Context { .installation(now: time.now, requestID: "req_test") }

    nonisolated(nonsending) func makeUser(
        _ roles: [BuiltInRole] = [.trader], status: PrincipalStatus = .active
    ) async throws -> UserID {
        let user: UserID = ledger.newID()
        try await ledger.database.transaction { transaction in
            try await transaction.query(
                Self.principal, .id(user), .text("\(user)@desk.example"), .text(status.rawValue),
                .timestamp(time.now))
            for role in roles {
                let grant: GrantID = ledger.newID()
                try await transaction.query(
                    Self.grant, .id(grant), .id(user), .text(role.rawValue), .timestamp(time.now))
            }
        }
        return user
    }

    nonisolated(nonsending) func makeToken(
        of user: UserID, scopes: [String]? = nil, cidrs: [String] = [], expiresAt: Timestamp? = nil
    ) async throws -> (id: AccessTokenID, secret: AccessTokenSecret) {
        let (id, secret): (AccessTokenID, _) = (ledger.newID(), AccessTokenSecret(.accessToken, .system))
        _ = try await ledger.database.transaction { transaction in
            try await transaction.query(
                Self.token, .id(id), .id(user), .bytes(secret.hash.bytes), .textArray(scopes),
                .textArray(cidrs),
                .timestamp(time.now), .timestamp(expiresAt))
        }
        return (id, secret)
    }

    /// Changes a row and raises the epoch, as everything that takes authority does.
    nonisolated(nonsending) func change(_ statement: Statement, _ parameters: Parameter...) async throws {
        try await ledger.change(context) { change in
            _ = try await change.transaction.query(statement, parameters: parameters)
            change.touchesAuthority = true
        }
    }
}

extension AccessTokenSecret {
    var credential: Credential { .presented(hash) }
}
