import Access
import Crypto
import EventLoop
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// Approvals over a database of a test's own, with people made by hand, and one operation to carry out.
struct ApprovalRoom {
    private static let generation = Statement(
        "test_generation",
        "insert into key_encryption_key (generation, wrapped) values (1, '') on conflict do nothing")
    private static let bot = Statement(
        "test_bot",
        """
        insert into principal (id, kind, name, name_folded, owner, status, created_at, updated_at)
        values ($1, 'service_account', $2, $2, $3, 'active', $4, $4)
        """)
    private static let token = Statement(
        "test_bot_token",
        """
        insert into access_token (id, principal, name, hash, hint, created_at, created_by)
        values ($1, $2, 'a token', $3, 'kbt_0000', $4, $5)
        """)
    private static let ungrant = Statement(
        "test_ungrant", "delete from access_grant where principal = $1 and role = $2")
    private static let regrant = Statement(
        "test_regrant",
        """
        insert into access_grant (id, principal, role, effect, expires_at, created_at)
        values ($1, $2, $3, $4, $5, $6)
        """)
    private static let isActive = Statement(
        "test_is_active", "select status = 'active' from principal where id = $1")

    let desk: Desk
    let book: ApprovalBook
    let executor: ApprovalExecutor
    /// How often the operation was carried out.
    let runs = Runs()

    final class Runs {
        private(set) var current = 0

        func add() { current += 1 }
    }

    nonisolated(nonsending) init(_ database: Database, _ time: MovableClock) async throws {
        desk = Desk(database, time)
        let root = try RootKey()
        let keyring = try Keyring(opening: [.generate(generation: 1, under: root)], under: root)
        book = ApprovalBook(
            ledger: desk.ledger,
            ApprovalBook.Surroundings(
                key: { id, _ in ApprovalSubject(id: id.description, key: id) }, account: { _, _ in nil },
                standing: { actor, _, source in
                    let row = try await source.query(Self.isActive, .uuid(actor.principal?.uuid)).first
                    guard row?.bool(0) == true else {
                        throw ApprovalBook.Obstacle(sentence: "Its requester may not act any more.")
                    }
                    return Context(
                        actor: actor, permissions: [.keysSuspend], now: time.now, requestID: "")
                }, keyring: { keyring }))
        executor = ApprovalExecutor(
            book: book, log: .silent,
            problem: { error, _ in error as? Problem ?? Problem(.internalError, "\(error)") })
        _ = try await database.transaction { transaction in
            try await transaction.query(Self.generation)
        }
        executor.bind([
            Operation(
                .post, "/v1/keys/{key_id}/suspend", id: "suspendKey", requires: .permission(.keysSuspend)
            ) { [runs] _, _ in
                runs.add()
                return Response.object { w in w.field("done", true) }
            }
        ])
    }

    var database: Database { desk.ledger.database }
    var now: Timestamp { desk.time.now }

    func context(_ principal: PrincipalID, by token: AccessTokenID? = nil) -> Context {
        Context(
            actor: Actor(principal: principal, accessToken: token, address: nil),
            permissions: Set(Permission.allCases), now: now, requestID: "req_test")
    }

    // MARK: People

    nonisolated(nonsending) func user(_ roles: [BuiltInRole] = []) async throws -> UserID {
        try await desk.makeUser(roles)
    }

    nonisolated(nonsending) func bot(
        of owner: UserID, issuedBy issuer: PrincipalID
    ) async throws -> (id: PrincipalID, token: AccessTokenID) {
        let (id, token): (ServiceAccountID, AccessTokenID) = (desk.ledger.newID(), desk.ledger.newID())
        _ = try await database.transaction { transaction in
            _ = try await transaction.query(
                Self.bot, .id(id), .text(id.description), .id(owner), .timestamp(now))
            return try await transaction.query(
                Self.token, .id(token), .id(id), .bytes(Array(token.description.utf8)), .timestamp(now),
                .text(issuer.description))
        }
        return (PrincipalID(id), token)
    }

    nonisolated(nonsending) func grant(
        _ role: BuiltInRole, to principal: UserID, effect: String = "allow", until: Timestamp? = nil
    ) async throws {
        let id: GrantID = desk.ledger.newID()
        _ = try await database.transaction { transaction in
            try await transaction.query(
                Self.regrant, .id(id), .id(principal), .text(role.rawValue), .text(effect),
                .timestamp(until), .timestamp(now))
        }
    }

    private static let makeGroup = Statement(
        "test_make_group",
        """
        insert into access_group (id, name, name_folded, created_at, created_by, updated_at)
        values ($1, $2, $2, $3, 'usr_test', $3)
        """)
    private static let joinGroup = Statement(
        "test_join_group",
        "insert into group_member (group_id, principal, added_at, added_by) values ($1, $2, $3, 'usr_test')")
    private static let grantGroup = Statement(
        "test_grant_group",
        "insert into access_grant (id, group_id, role, created_at) values ($1, $2, $3, $4)")
    private static let groupsOf = Statement(
        "test_groups_of", "select group_id from group_member where principal = $1")

    nonisolated(nonsending) func group(_ role: BuiltInRole?) async throws -> GroupID {
        let id: GroupID = desk.ledger.newID()
        try await execute(Self.makeGroup, .id(id), .text(id.description), .timestamp(now))
        if let role { try await grant(role, toGroup: id) }
        return id
    }

    nonisolated(nonsending) func join(_ person: UserID, group: GroupID) async throws {
        try await execute(Self.joinGroup, .id(group), .id(person), .timestamp(now))
    }

    nonisolated(nonsending) func grantToGroups(of person: UserID, _ role: BuiltInRole) async throws {
        for row in try await database.query(Self.groupsOf, .id(person)) {
            try await grant(role, toGroup: row.id(0))
        }
    }

    private nonisolated(nonsending) func grant(_ role: BuiltInRole, toGroup group: GroupID) async throws {
        let id: GrantID = desk.ledger.newID()
        try await execute(Self.grantGroup, .id(id), .id(group), .text(role.rawValue), .timestamp(now))
    }

    nonisolated(nonsending) func ungrant(_ role: BuiltInRole, from principal: UserID) async throws {
        _ = try await database.transaction { transaction in
            try await transaction.query(Self.ungrant, .id(principal), .text(role.rawValue))
        }
    }

    nonisolated(nonsending) func execute(_ statement: Statement, _ parameters: Parameter...) async throws {
        _ = try await database.transaction { transaction in
            try await transaction.query(statement, parameters: parameters)
        }
    }

    /// Whether the database refuses it.
    nonisolated(nonsending) func isRefused(
        _ statement: Statement, _ parameters: Parameter...
    ) async throws -> Bool {
        do {
            _ = try await database.transaction { transaction in
                try await transaction.query(statement, parameters: parameters)
            }
            return false
        } catch let error as PostgresError {
            return error.isCheckViolation()
        }
    }

    // MARK: Asking

    /// A rule over suspending, of nobody's making: what it asks for is what counts here.
    func rule(_ approvals: Int = 1, delay: Period = .seconds(0), validFor: Period? = nil) -> ApprovalRule {
        ApprovalRule(
            id: desk.ledger.newID(),
            content: ApprovalRule.Content(
                name: "a rule", actions: [ApprovalAction("suspendKey")], scope: .everything,
                approvals: approvals,
                role: "security", reason: ReasonDemand(), pendingFor: .hours(1), delay: delay,
                validFor: validFor), createdAt: now, createdBy: "", updatedAt: now, updatedBy: "",
            revision: 1)
    }

    nonisolated(nonsending) func park(
        by principal: PrincipalID, token: AccessTokenID? = nil, under rule: ApprovalRule
    ) async throws -> Approval {
        let key = ExchangeKeyID(UUID(high: 5, low: 5))
        let request = ParkedRequest(
            method: "POST", path: "/v1/keys/\(key)/suspend", query: nil,
            headers: [("content-type", "application/json")], body: Array(#"{"reason":"a"}"#.utf8))
        return try await book.park(
            ApprovalBook.Wanted(
                ApprovalAction("suspendKey"), operation: "suspendKey", isFetched: false, request,
                reason: "because",
                rules: [rule], subject: ApprovalSubject(id: key.description, key: key)),
            context(principal, by: token))
    }

    nonisolated(nonsending) func state(of id: ApprovalID) async throws -> Approval.State {
        try await ApprovalStore.find(id, in: database).state
    }

    /// What was said to an approval; nil: it was given.
    nonisolated(nonsending) func refusal(
        of principal: PrincipalID, approving id: ApprovalID
    ) async throws -> String? {
        do {
            _ = try await book.decide(.approve, id, reason: "seen", context(principal))
            return nil
        } catch let problem as Problem {
            return problem.code.code
        }
    }
}
