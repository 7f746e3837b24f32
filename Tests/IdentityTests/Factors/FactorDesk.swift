import Access
import Crypto
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import WebAuthn

@testable import Identity

/// A house whose first owner is about to add second factors.
struct FactorDesk {
    static let origin = "https://keybell.desk.example"

    let house: House
    let book: FactorBook
    let owner: Context
    let user: UserID

    private static let insertGeneration = Statement(
        "test_generation", "insert into key_encryption_key (generation, wrapped) values (1, '')")

    nonisolated(nonsending) init(_ database: Database) async throws {
        _ = try await database.transaction { try await $0.query(Self.insertGeneration) }
        book = FactorBook(seal: try Self.makeSeal(), party: RelyingParty(origin: Self.origin))
        house = House(database, book: book)
        owner = try await house.owner()
        guard let principal = owner.actor.principal else { throw TestFailure(what: "no owner") }
        user = UserID(principal.uuid)
    }

    private static func makeSeal() throws -> Seal {
        let root = try RootKey()
        return Seal(
            Seal.Opened(
                root: root,
                keyring: try Keyring(opening: [.generate(generation: 1, under: root)], under: root),
                fingerprintKey: try HMACKey(Secret(randomBytes: 32)),
                checkpointKey: try Ed25519.SigningKey()))
    }

    func at(_ later: Period) -> Context {
        var context = owner
        context.now = owner.now + later
        return context
    }

    nonisolated(nonsending) func call(
        _ method: String, _ path: String, _ body: JSONValue? = nil, as context: Context? = nil
    ) async throws -> TestAnswer {
        try await house.caller.call(
            method, path, context ?? owner, body: body.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
        )
    }

    /// An authenticator app, confirmed by the code of the owner's now.
    nonisolated(nonsending) func addApp() async throws -> (id: String, app: SoftApp, codes: [String]) {
        let begun = try await call("POST", "/v1/me/factors/totp", [:])
        guard let id = begun.json["id"]?.asString, let secret = begun.json["secret"]?.asString,
            let app = SoftApp(secret)
        else { throw TestFailure(what: begun.text) }
        let confirmed = try await call(
            "POST", "/v1/me/factors/\(id)/confirm", ["code": .string(app.code(at: owner.now))])
        guard confirmed.status == 201 else { throw TestFailure(what: confirmed.text) }
        return (id, app, confirmed.json["recovery_codes"]?.asArray?.compactMap(\.asString) ?? [])
    }

    nonisolated(nonsending) func addPasskey(_ passkey: SoftAuthenticator) async throws -> TestAnswer {
        let options = try await call("GET", "/v1/me/factors/passkeys/options")
        return try await call(
            "POST", "/v1/me/factors/passkeys", ["credential": passkey.register(options.json["public_key"])])
    }

    /// What a person shows, looked at in a transaction of its own.
    nonisolated(nonsending) func check(_ answer: FactorAnswer, as context: Context? = nil) async throws
        -> FactorBook.Verdict
    {
        try await house.ledger.change(context ?? owner) { change in
            try await book.check(answer, of: user, for: .stepUp, change)
        }
    }

    /// The same by a request, which is counted.
    nonisolated(nonsending) func show(_ answer: JSONValue, as context: Context) async throws -> TestAnswer {
        guard case .object(var body) = answer else { throw TestFailure(what: "no object") }
        if context.actor.session == nil {
            let action: JSONValue = ["operation": "revokeKey", "method": "POST", "path": "/v1/keys/x/revoke"]
            _ = body.append("action", action)
        }
        return try await call("POST", "/v1/step-up", .object(body), as: context)
    }

    nonisolated(nonsending) func openSession() async throws -> SessionID {
        try await house.ledger.change(owner) { change in
            let new = NewSession(user: user, device: "a test", via: .password)
            return try await change.open(new, id: house.ledger.newID(), house.entropy).session.id
        }
    }

    nonisolated(nonsending) func anotherToken() async throws -> AccessTokenID {
        let made = try await call("POST", "/v1/access-tokens", ["name": "another"])
        guard let id = made.json["id"]?.asString.flatMap({ AccessTokenID($0) }) else {
            throw TestFailure(what: made.text)
        }
        return id
    }

    /// For a passkey that is asked in a step-up.
    func options(at now: Timestamp) throws -> JSONValue {
        let challenge = try PasskeyChallenge.make(
            .stepUp, of: user, at: now, by: book.seal.opened().keyring)
        return ["challenge": .string(Base64.encode(challenge, alphabet: .url))]
    }
}
