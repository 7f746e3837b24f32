import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// What tests of roles, groups and grants do again and again.
extension House {
    @discardableResult
    nonisolated(nonsending) func grant(
        _ grantee: String, _ role: String, on scope: String = "{}", effect: String = "allow",
        until: Timestamp? = nil, by owner: Context
    ) async throws -> String {
        let until = until.map { "\"\($0)\"" } ?? "null"
        let body = """
            {"principal_id":"\(grantee)","role":"\(role)","on":\(scope),"effect":"\(effect)",\
            "expires_at":\(until)}
            """
        let made = try await caller.call("POST", "/v1/grants", owner, body: body)
        return try #require(made.json["id"]?.asString, "\(made.text)")
    }

    nonisolated(nonsending) func group(_ name: String, by owner: Context) async throws -> String {
        let made = try await caller.call("POST", "/v1/groups", owner, body: #"{"name":"\#(name)"}"#)
        return try #require(made.json["id"]?.asString, "\(made.text)")
    }

    nonisolated(nonsending) func add(_ principal: String, to group: String, by owner: Context) async throws
        -> TestAnswer
    {
        try await caller.call(
            "POST", "/v1/groups/\(group)/members", owner, body: #"{"principal_id":"\#(principal)"}"#)
    }

    /// As everything together gives it, at that moment.
    nonisolated(nonsending) func rights(of person: Context, at now: Timestamp? = nil) async throws -> Rights {
        guard let principal = person.actor.principal else { return .none }
        let grants = try await GrantedRoles.of(principal, in: ledger.database)
        return Rights(grants, at: now ?? person.now)
    }

    private static let many = Statement(
        "test_many_grants",
        """
        insert into access_grant (id, group_id, role, scope, created_at)
        select gen_random_uuid(), $1, 'bot', jsonb_build_object('account', 'a' || n), $2
        from generate_series(1, $3) n
        """)

    nonisolated(nonsending) func fill(
        _ group: String, with count: Int, by owner: Context
    ) async throws {
        let id = try #require(GroupID(group))
        _ = try await ledger.database.transaction { transaction in
            try await transaction.query(Self.many, .id(id), .timestamp(owner.now), .int(count))
        }
    }
}
