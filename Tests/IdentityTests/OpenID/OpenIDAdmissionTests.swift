import Access
import Events
import Crypto
import EventLoop
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// What a log-in by the provider ends with.
@Suite(.serialized) struct OpenIDAdmissionTests {
    private func with(
        _ change: @Sendable (inout OpenIDSettings) -> Void = { _ in },
        _ body: @Sendable (isolated Worker, Lobby) async throws -> Void
    ) async throws {
        try await Lobby.open(change) { worker, lobby async throws in
            _ = try await lobby.invite("ann")
            try await body(worker, lobby)
        }
    }

    private func cookies(_ answer: TestAnswer) -> [String] {
        answer.response.head.fields.filter { $0.name == .setCookie }.map(\.value)
    }

    @Test func `who is let in gets a session and goes to the page`() async throws {
        try await with { _, lobby async throws in
            let answer = try await lobby.enter()
            #expect(answer.status == 303, "\(answer.text)")
            #expect(answer.response.head[.location] == "/")
            #expect(answer.response.head[.cacheControl]?.contains("no-store") == true)
            let cookies = cookies(answer)
            #expect(cookies.count == 4)
            #expect(
                cookies.contains { $0.hasPrefix("__Host-keybell_device=") && $0.contains("SameSite=Lax") })
            let session = try #require(cookies.first { $0.hasPrefix("__Host-keybell_session=kbs_") })
            #expect(session.contains("HttpOnly") && session.contains("SameSite=Strict"))
            #expect(cookies.contains { $0.hasPrefix("__Host-keybell_oidc=;") && $0.contains("Max-Age=0") })
            let text = session.split(separator: ";")[0].split(separator: "=")[1]
            let secret = try #require(AccessTokenSecret(.session, parsing: text.utf8))
            let authenticator = Authenticator(ledger: lobby.house.ledger, refusals: lobby.house.refusals)
            let attempt = try await authenticator.begin(
                .session(secret.hash), from: IPAddress("203.0.113.7"), now: .testStart)
            guard case .caller(let caller) = attempt.outcome else {
                Issue.record("the session is refused")
                return
            }
            #expect(caller.actor.session != nil && caller.actor.accessToken == nil)
            let events = try await lobby.house.events()
            let login = try #require(events.last { $0.type == "login.succeeded" })
            #expect(login.data["via"] == "openid" && login.data["factor"] == .null)
            #expect(login.data["device"] == "Firefox on Linux")
        }
    }

    @Test func `a second factor at the provider that counts is the session's, from when it was shown`()
        async throws
    {
        try await with({ $0.factorValues = ["otp"] }) { _, lobby async throws in
            let earlier = Timestamp.testStart - .minutes(30)
            let answer = try await lobby.enter(
                as: Lobby.ann.with("amr", ["pwd", "otp"])
                    .with("auth_time", .number(JSONNumber(earlier.seconds))))
            #expect(answer.response.head[.location] == "/", "\(answer.text)")
            let login = try #require(try await lobby.house.events().last { $0.type == "login.succeeded" })
            #expect(login.data["factor"] == "openid")
            // Half an hour is no fresh factor; the duty to have one is met while it lasts.
            let authenticator = Authenticator(ledger: lobby.house.ledger, refusals: lobby.house.refusals)
            let attempt = try await authenticator.begin(answer.credential, from: nil, now: .testStart)
            guard case .caller(let caller) = attempt.outcome, let id = caller.actor.session else {
                Issue.record("the session is refused")
                return
            }
            #expect(caller.hasFactor)
            let session = try await SessionStore.find(id, in: lobby.house.ledger.database)
            #expect(session?.factorAt == earlier)
            #expect(session?.via == .openID(issuer: lobby.provider.issuer))
            let check = StepUpCheck(database: lobby.house.ledger.database)
            let action = StepUpAction(operation: "createGrant", method: "POST", path: "/v1/grants")
            await #expect(throws: Problem.self) {
                try await check.check(
                    .recently, of: action, by: caller, testRequest("POST", "/v1/grants").head.headers,
                    at: .testStart)
            }
        }
    }

    @Test func `who has a factor here is asked for it, unless the provider asked for one that counts`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { worker, database async throws in
            let factors = SecondFactors(
                offers: { _, _ in [.init(kind: "totp")] },
                check: { answer, _, _ in if case .totp("123456") = answer { "totp" } else { nil } })
            let lobby = try await Lobby(database, worker, factors: factors) { $0.factorValues = ["otp"] }
            _ = try await lobby.invite("ann")
            let answer = try await lobby.enter()
            let location = try #require(answer.response.head[.location])
            #expect(answer.status == 303 && location.hasPrefix("/#log-in="))
            #expect(self.cookies(answer).allSatisfy { !$0.contains("keybell_session") })
            let bytes = Base64.decode(String(location.dropFirst("/#log-in=".count)), alphabet: .url)
            let document = try JSONValue.parse(try #require(bytes))
            #expect(document["status"] == "factor_required")
            #expect(document["factors"]?[0]?["kind"] == "totp")
            let pending = document["pending"]?.asString ?? ""
            for (code, status) in [("000000", 401), ("123456", 201), ("123456", 401)] {
                let step = try await lobby.house.caller.call(
                    "POST", "/v1/sessions", House.stranger(),
                    body: #"{"pending":"\#(pending)","totp":"\#(code)"}"#)
                #expect(step.status == status, "\(code) \(step.text)")
                guard status == 201 else { continue }
                #expect(step.json["session"]?["via"] == "openid" && step.json["session"]?["factor"] == "totp")
                #expect(step.json["session"]?["issuer"]?.asString == lobby.provider.issuer)
            }
            let now = JSONValue.number(JSONNumber(Timestamp.testStart.seconds))
            let strong = try await lobby.enter(as: Lobby.ann.with("amr", ["otp"]).with("auth_time", now))
            #expect(strong.response.head[.location] == "/")
            lobby.provider.stop()
        }
    }

    @Test func `a log-in that was refused is told as one that failed`() async throws {
        try await with { _, lobby async throws in
            lobby.provider.behave { $0.claims = { $0.with("aud", "other") } }
            #expect(try await lobby.enter().status == 401)
            lobby.provider.behave { $0.claims = { $0 } }
            #expect(try await lobby.enter(as: Lobby.ann.with("email", "bob@desk.example")).status == 401)
            let failed = try await lobby.house.events().filter { $0.type == "login.failed" }
            #expect(failed.map(\.data).map { $0["reason"] } == ["openid", "unknown_user"])
            #expect(try await !lobby.house.events().contains { $0.type == "login.succeeded" })
        }
    }

    @Test func `over plain HTTP from elsewhere nobody is sent to the provider`() async throws {
        try await with { _, lobby async throws in
            let answer = try await lobby.front.call(
                "GET", "/v1/oidc/login", House.stranger(),
                headers: [("x-forwarded-for", "203.0.113.7")])
            #expect(answer.code == "login_unavailable", "\(answer.text)")
        }
    }
}
