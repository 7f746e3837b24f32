import Access
import Crypto
import Events
import JSON
import Kernel
import Postgres
import TestSupport

@testable import Identity

/// The room's operations over a database of a test's own, with the first owner in it.
struct House {
    let ledger: Ledger
    let refusals = Refusals()
    let caller: TestCaller
    let entropy: Entropy

    init(
        _ database: Database, book: FactorBook = FactorBook(seal: Seal(), party: nil),
        factors: SecondFactors? = nil
    ) {
        let door = FrontDoor(origin: PublicOrigin("http://localhost:8720"), trustedProxies: [])
        let signIn = SignIn(door: door, hasher: scratchHasher, book: book, factors: factors)
        entropy = .system
        ledger = Ledger(
            database: database, clock: Clock(now: { .testStart }, monotonicNanoseconds: { 0 }),
            entropy: entropy)
        caller = TestCaller(
            IdentityEndpoints(
                ledger: ledger, refusals: refusals, publicOrigin: "http://127.0.0.1:8720", signIn: signIn
            ).operations)
    }

    /// Somebody without an access token.
    static func stranger(at now: Timestamp = .testStart) -> Context {
        Context(
            actor: Actor(principal: nil, accessToken: nil, address: IPAddress("203.0.113.7")),
            permissions: [],
            now: now, requestID: "req_test")
    }

    /// What a node that keeps its token at `place`, and found `held` there, does at its start.
    nonisolated(nonsending) static func bootstrapToken(
        in database: Database, at place: String = "here", holding held: AccessTokenSecret? = nil,
        now: Timestamp = .testStart
    ) async throws -> BootstrapToken.Standing {
        try await BootstrapToken.ensure(in: database, at: place, holding: held, now: now, entropy: .system)
    }

    nonisolated(nonsending) func bootstrap(_ secret: AccessTokenSecret? = nil) async throws -> TestAnswer {
        let made =
            secret == nil
            ? try await Self.bootstrapToken(in: ledger.database).secret : secret
        return try await caller.call(
            "POST", "/v1/bootstrap", Self.stranger(),
            headers: [("authorization", "Bearer \(made?.text ?? "")")],
            body: #"{"name":"First owner","email":"owner@desk.example"}"#)
    }

    /// Makes the first owner and gives the context that they act in.
    nonisolated(nonsending) func owner() async throws -> Context {
        let answer = try await bootstrap().json
        return try context(of: answer)
    }

    /// The context of a Welcome's user and access token.
    func context(of welcome: JSONValue, _ role: BuiltInRole = .owner) throws -> Context {
        guard let id = welcome["user"]?["id"]?.asString.flatMap({ PrincipalID($0) }),
            let token = welcome["access_token"]?["id"]?.asString.flatMap({ AccessTokenID($0) })
        else { throw TestFailure(what: "no welcome: \(String(decoding: welcome.bytes, as: UTF8.self))") }
        let actor = Actor(principal: id, accessToken: token, address: IPAddress("10.0.0.1"))
        return Context(
            actor: actor, permissions: role.permissions, now: .testStart, requestID: "req_test")
    }

    /// Invites somebody, accepts for them, and gives the context that they act in.
    nonisolated(nonsending) func join(_ name: String, _ role: BuiltInRole?, by owner: Context) async throws
        -> Context
    {
        let roleField = role.map { #","role":"\#($0.rawValue)""# } ?? ""
        let invited = try await caller.call(
            "POST", "/v1/users", owner,
            body: #"{"name":"\#(name)","email":"\#(name)@desk.example"\#(roleField)}"#)
        let token = invited.json["invitation"]?["token"]?.asString ?? ""
        let welcome = try await caller.call(
            "POST", "/v1/invitations/accept", Self.stranger(), body: #"{"token":"\#(token)"}"#)
        var context = try context(of: welcome.json)
        context.permissions = role?.permissions ?? []
        return context
    }

    /// The outcome for whoever presents this token now.
    nonisolated(nonsending) func outcome(_ token: String, at now: Timestamp = .testStart) async throws
        -> Attempt.Outcome
    {
        guard let secret = AccessTokenSecret(.accessToken, parsing: token.utf8) else {
            throw TestFailure(what: "no token: \(token)")
        }
        let authenticator = Authenticator(ledger: ledger, refusals: refusals)
        return try await authenticator.begin(.presented(secret.hash), from: IPAddress("10.0.0.1"), now: now)
            .outcome
    }

    private static let types = Statement("test_types", "select type, data from event order by xid, ctid")
    private static let actions = Statement(
        "test_actions", "select action from audit_item order by at, lane, sequence, item")
    private static let epoch = Statement("test_epoch", "select epoch from authority")

    nonisolated(nonsending) func events() async throws -> [(type: String, data: JSONValue)] {
        try await ledger.database.query(Self.types).map { ($0.text(0), try JSONValue.parse($0.json(1))) }
    }

    nonisolated(nonsending) func actions() async throws -> Set<String> {
        Set(try await ledger.database.query(Self.actions).map { $0.text(0) })
    }

    nonisolated(nonsending) func epoch() async throws -> Int64 {
        try await ledger.database.query(Self.epoch).first?.int64(0) ?? 0
    }
}

/// One for all tests of this target: its thread never ends.
let scratchHasher: PasswordHasher = {
    do {
        return try PasswordHasher(cost: .ofTests)
    } catch {
        preconditionFailure("no hashing of passwords: \(error)")
    }
}()

struct TestFailure: Error { let what: String }

extension AccessTokenSecret {
    static func of(_ json: JSONValue) -> String { json["token"]?.asString ?? "" }
}
