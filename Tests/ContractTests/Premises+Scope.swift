import Access
import Exchanges
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// Grants on something, for whoever came in without any.
extension Premises {
    private static let grant = Statement(
        "test_grant",
        """
        insert into access_grant (id, principal, role, effect, scope, created_at)
        select gen_random_uuid(), $1, $2, $3, $4, now()
        """)
    private static let move = Statement("test_epoch", "update authority set epoch = epoch + 1")

    nonisolated(nonsending) func grant(
        _ role: BuiltInRole, to person: Person, on scope: Scope, _ effect: GrantEffect = .allow
    ) async throws {
        let id = try #require(PrincipalID(person.id)).uuid
        try await host.database.transaction { transaction in
            try await transaction.query(
                Self.grant, .uuid(id), .text(role.rawValue), .text(effect.rawValue),
                .json(scope.stored.bytes))
            try await transaction.query(Self.move)
        }
    }

    /// A key, and the account that comes with it.
    struct Thing: Sendable {
        let key: String
        let account: String

        /// The account, and the key as one of it.
        let scope: Scope
    }

    nonisolated(nonsending) func thing(_ name: String, by owner: Person) async throws -> Thing {
        let made = try await call(
            "POST", "/v1/keys", as: owner.token,
            body: #"{"exchange":"binance","account":"\#(name)","label":"\#(name)","environment":"demo"}"#)
        let key = try #require(made.json["id"]?.asString, "\(made.text)")
        let page = try await call("GET", "/v1/accounts?limit=200", as: owner.token)
        let account = page.json["data"]?.asArray?.first { $0["name"]?.asString == name }
        let id = try #require(account?["id"]?.asString, "\(page.text)")
        let place = Scope.Place(exchange: .binance, environment: .demo, account: name)
        return Thing(key: key, account: id, scope: .account(try #require(AccountID(id)), place))
    }
}

extension JSONValue {
    /// Ids of keys and accounts, wherever they stand.
    var things: Set<String> {
        switch self {
        case .string(let text): ExchangeKeyID(text) != nil || AccountID(text) != nil ? [text] : []
        case .array(let elements): elements.reduce(into: []) { $0.formUnion($1.things) }
        case .object(let object): object.members.reduce(into: []) { $0.formUnion($1.value.things) }
        case .null, .bool, .number: []
        }
    }
}
