import Access
import Crypto
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// A house whose people log in.
struct Entrance {
    static let password = "four candles of a quiet week"

    let house: House
    let owner: Context

    init(_ database: Database, factors: SecondFactors = .none) async throws {
        house = House(database, factors: factors)
        owner = try await house.owner()
    }

    /// The same house at another node.
    init(of entrance: Entrance, at database: Database) {
        (house, owner) = (House(database), entrance.owner)
    }

    var database: Database { house.ledger.database }

    /// Invites somebody who accepts with a password.
    nonisolated(nonsending) func join(_ name: String, password: String? = Entrance.password) async throws
        -> Context
    {
        let invited = try await house.caller.call(
            "POST", "/v1/users", owner,
            body: #"{"name":"\#(name)","email":"\#(name)@desk.example","role":"trader"}"#)
        let token = invited.json["invitation"]?["token"]?.asString ?? ""
        let given = password.map { #","password":"\#($0)""# } ?? ""
        let welcome = try await house.caller.call(
            "POST", "/v1/invitations/accept", House.stranger(), body: #"{"token":"\#(token)"\#(given)}"#)
        return try house.context(of: welcome.json, .trader)
    }

    nonisolated(nonsending) func logIn(
        _ email: String, _ password: String = Entrance.password, from address: String = "203.0.113.7",
        at now: Timestamp = .testStart, by device: String? = nil
    ) async throws -> TestAnswer {
        var context = House.stranger(at: now)
        context.actor.address = IPAddress(address)
        let body: JSONValue = ["email": .string(email), "password": .string(password), "device": "a test"]
        return try await house.caller.call(
            "POST", "/v1/sessions", context, headers: device.map { [("cookie", $0)] } ?? [],
            body: String(decoding: body.bytes, as: UTF8.self))
    }

    /// The caller that a log-in's cookie makes.
    nonisolated(nonsending) func outcome(_ answer: TestAnswer, at now: Timestamp = .testStart) async throws
        -> Attempt.Outcome
    {
        let authenticator = Authenticator(ledger: house.ledger, refusals: house.refusals)
        return try await authenticator.begin(
            answer.credential, from: IPAddress("203.0.113.7"), now: now
        ).outcome
    }

    nonisolated(nonsending) func flush(at now: Timestamp) async throws {
        try await house.refusals.flush(at: now, in: house.ledger)
    }

    /// What a session's user acts in.
    nonisolated(nonsending) func context(of answer: TestAnswer, at now: Timestamp = .testStart) async throws
        -> Context
    {
        guard case .caller(let caller) = try await outcome(answer, at: now) else {
            throw TestFailure(what: "no session: \(answer.text)")
        }
        return Context(actor: caller.actor, permissions: caller.permissions, now: now, requestID: "req_test")
    }
}

extension TestAnswer {
    private var cookies: [String: String] {
        let fields = response.head.fields.filter { $0.name == .setCookie }.map(\.value)
        return fields.reduce(into: [:]) { cookies, field in
            let pair = field.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
            cookies[String(pair[0])] = pair.count == 2 ? String(pair[1]) : ""
        }
    }

    var sessionCookie: String { cookies[SessionCookies.session] ?? "" }
    /// By which the browser is known the next time, as it sends it.
    var deviceCookie: String { "\(KnownDevice.cookieName)=\(cookies[KnownDevice.cookieName] ?? "")" }
    var csrfCookie: String { cookies[SessionCookies.csrf] ?? "" }

    var credential: Credential {
        AccessTokenSecret(.session, parsing: sessionCookie.utf8).map { .session($0.hash) } ?? .malformed
    }
}
