import Crypto
import Access
import EventLoop
import Events
import HTTPClient
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport

@testable import Identity

/// Log-in by a provider over a database of a test's own, with the first owner in it. Whoever is let in gets
/// their id instead of a session.
struct Lobby {
    let house: House
    let owner: Context
    let provider: StandInProvider
    let caller: TestCaller
    /// Where sessions are given.
    let front: TestCaller
    /// Of what the service knows of the provider.
    let time = MovableClock()

    /// One over a database of its own, and its end.
    static func open(
        algorithm: TokenAlgorithm = .es256,
        limits: OutgoingRequest.TimeLimits = .init(connect: .seconds(60), total: .seconds(60)),
        _ change: @Sendable (inout OpenIDSettings) -> Void = { _ in },
        _ body: @Sendable (isolated Worker, Lobby) async throws -> Void
    ) async throws {
        try await ScratchDatabase.make().withDatabase { worker, database async throws in
            let lobby = try await Lobby(database, worker, algorithm: algorithm, limits: limits, change)
            try await body(worker, lobby)
            lobby.provider.stop()
        }
    }

    init(
        _ database: Database, _ worker: isolated Worker, algorithm: TokenAlgorithm = .es256,
        limits: OutgoingRequest.TimeLimits = .init(connect: .seconds(60), total: .seconds(60)),
        factors: SecondFactors = .none, _ change: (inout OpenIDSettings) -> Void = { _ in }
    ) async throws {
        house = House(database, factors: factors)
        owner = try await house.owner()
        provider = try StandInProvider(algorithm)
        var settings = OpenIDSettings(
            issuer: provider.issuer, clientID: "keybell", origin: "https://keybell.example")
        settings.allowance = .privateReceivers
        settings.linksInvited = true
        settings.mappings = ["desk-admins=admin", "traders=trader", "chiefs=owner"]
            .compactMap { GroupMapping($0) }
        change(&settings)
        let http = HTTPClient(
            on: worker.reactor, resolver: .system(scratchOffLoop), addressGuard: AddressGuard())
        let client = ProviderClient(
            settings, client: http, clock: time.clock, timeLimits: limits
        ) { [provider] in provider.manner.secret }
        let log = Log(level: .error, format: .text, clock: time.clock, descriptor: 2)
        let door = FrontDoor(origin: PublicOrigin("https://keybell.example"), trustedProxies: [])
        caller = TestCaller(
            OpenIDEndpoints(
                ledger: house.ledger, refusals: house.refusals, provider: client, door: door, log: log
            ) { guest, _, _ in
                Response.object { w in
                    w.field("id", guest.user.description)
                    w.field("strong", guest.provenAt != nil)
                }
            }.operations)
        let signIn = SignIn(
            door: door, hasher: scratchHasher, book: FactorBook(seal: Seal(), party: nil), factors: factors)
        front = TestCaller(
            OpenIDEndpoints(
                ledger: house.ledger, refusals: house.refusals, provider: client, signIn: signIn, log: log
            ).operations)
    }

    static let ann: JSONValue = [
        "sub": "ann-1", "email": "Ann@desk.example", "email_verified": true, "name": "Ann",
    ]

    /// A browser between the way there and the way back.
    struct Trip {
        var cookie: String
        var query: String

        /// As somebody would have it who got hold of a code.
        func with(codeOf other: Trip) -> Trip {
            let rest = query.split(separator: "&").dropFirst().joined(separator: "&")
            return Trip(cookie: cookie, query: "\(other.query.prefix { $0 != "&" })&\(rest)")
        }
    }

    nonisolated(nonsending) func begin(at now: Timestamp = .testStart) async throws -> TestAnswer {
        try await caller.call("GET", "/v1/oidc/login", House.stranger(at: now))
    }

    /// There, and to the provider's answer.
    nonisolated(nonsending) func leave(as claims: JSONValue = ann) async throws -> Trip {
        let answer = try await begin()
        guard answer.status == 303, let location = answer.response.head[.location] else {
            throw TestFailure(what: "no redirect: \(answer.status) \(answer.text)")
        }
        return try trip(to: location, answer, as: claims)
    }

    /// There from a page of somebody who is signed in: to link, or to step up.
    nonisolated(nonsending) func leave(
        by path: String, as claims: JSONValue, _ context: Context
    ) async throws -> Trip {
        let answer = try await caller.call("POST", path, context)
        guard answer.status == 201, let location = answer.json["url"]?.asString else {
            throw TestFailure(what: "no address: \(answer.status) \(answer.text)")
        }
        return try trip(to: location, answer, as: claims)
    }

    private func trip(to location: String, _ answer: TestAnswer, as claims: JSONValue) throws -> Trip {
        let cookie = answer.response.head[.setCookie]?.prefix { $0 != ";" } ?? ""
        return Trip(cookie: String(cookie), query: try provider.authorize(location, as: claims))
    }

    nonisolated(nonsending) func arrive(_ trip: Trip, at now: Timestamp = .testStart) async throws
        -> TestAnswer
    {
        try await caller.call(
            "GET", "/v1/oidc/callback?\(trip.query)", House.stranger(at: now),
            headers: [("cookie", trip.cookie)])
    }

    /// As a browser comes back that is then given a session.
    nonisolated(nonsending) func enter(as claims: JSONValue = ann) async throws -> TestAnswer {
        let trip = try await leave(as: claims)
        let browser = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
        return try await front.call(
            "GET", "/v1/oidc/callback?\(trip.query)", House.stranger(),
            headers: [("cookie", trip.cookie), ("user-agent", browser), ("sec-fetch-site", "cross-site")])
    }

    nonisolated(nonsending) func logIn(as claims: JSONValue = ann) async throws -> TestAnswer {
        try await arrive(leave(as: claims))
    }

    /// Somebody who joined, and is linked to whom `ann` is at the provider.
    nonisolated(nonsending) func join(_ name: String, _ role: BuiltInRole?) async throws -> Context {
        let context = try await house.join(name, role, by: owner)
        guard let user = context.actor.user else { throw TestFailure(what: "nobody joined") }
        try await house.ledger.database.transaction { transaction in
            _ = try await OpenIDLinkStore.link(
                user, to: "ann-1", of: provider.issuer, at: .testStart, in: transaction)
        }
        return context
    }

    /// A session of theirs, as a log-in by password opens one.
    nonisolated(nonsending) func session(of context: Context) async throws -> Context {
        guard let user = context.actor.user else { throw TestFailure(what: "nobody") }
        let id: SessionID = house.ledger.newID()
        _ = try await house.ledger.change(context) { change in
            try await change.open(
                NewSession(user: user, device: "a test", via: .password), id: id, .system)
        }
        var context = context
        (context.actor.session, context.actor.accessToken) = (id, nil)
        return context
    }

    nonisolated(nonsending) func setPassword(of person: Context) async throws {
        let set = try await house.caller.call(
            "PUT", "/v1/password", person, body: #"{"password":"four candles of a quiet week"}"#)
        guard set.status == 204 else { throw TestFailure(what: "no password: \(set.text)") }
    }

    /// Somebody who was invited and did not come yet.
    nonisolated(nonsending) func invite(_ name: String) async throws -> JSONValue {
        try await house.caller.call(
            "POST", "/v1/users", owner,
            body: #"{"name":"\#(name)","email":"\#(name)@desk.example"}"#
        ).json
    }

    nonisolated(nonsending) func user(_ id: String) async throws -> JSONValue {
        try await house.caller.call("GET", "/v1/users/\(id)", owner).json
    }
}
