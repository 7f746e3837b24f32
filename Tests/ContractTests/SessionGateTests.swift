import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// Sessions through the whole pipeline: what a browser sends is let in where an access token would be.
struct SessionGateTests {
    private static let here = SocketAddress.ip(IPAddress(v4: 0x7F00_0001), port: 40_000)
    private static let refusals = Statement(
        "test_refusals", "select count(*) from event where type = 'access_token.refused'")
    private static let password = "the phrase before this one"

    /// The owner's cookies, and the header that goes with them.
    private struct Browser {
        let cookies: [(name: String, value: String)]
        let csrf: [(name: String, value: String)]

        init(_ answer: TestAnswer) {
            let fields = answer.response.head.fields.filter { $0.name == .setCookie }.map(\.value)
            let pairs = fields.map { $0.prefix { $0 != ";" } }
            cookies = [(name: "cookie", value: pairs.joined(separator: "; "))]
            csrf = [(name: "keybell-csrf", value: answer.json["csrf_token"]?.asString ?? "")]
        }
    }

    private nonisolated(nonsending) static func signIn(_ premises: Premises) async throws -> (Person, Browser)
    {
        let owner = try await premises.owner()
        let set = try await premises.call(
            "PUT", "/v1/password", as: owner.token, body: #"{"password":"\#(password)"}"#)
        #expect(set.status == 204, "\(set.text)")
        let answer = try await premises.call(
            "POST", "/v1/sessions", body: #"{"email":"owner@desk.example","password":"\#(password)"}"#,
            from: here)
        #expect(answer.status == 201, "\(answer.text)")
        return (owner, Browser(answer))
    }

    @Test func `a session acts as its user, and the trail names it`() async throws {
        try await Premises.open { _, premises in
            let (owner, browser) = try await Self.signIn(premises)
            let me = try await premises.call("GET", "/v1/me", headers: browser.cookies)
            #expect(me.json["principal"]?["id"]?.asString == owner.id, "\(me.text)")
            #expect(me.json["access_token"] == .null)
            #expect(me.json["session"]?["current"] == true)
            let made = try await premises.call(
                "POST", "/v1/service-accounts", headers: browser.cookies + browser.csrf,
                body: #"{"name":"mm","purpose":"makes markets"}"#)
            #expect(made.status == 201, "\(made.text)")
            let trail = try await premises.call("GET", "/v1/audit-records?limit=1", headers: browser.cookies)
            let actor = trail.json["data"]?[0]?["actor"]
            #expect(actor?["id"]?.asString == owner.id && actor?["access_token_id"] == .null)
            #expect(actor?["session_id"] == me.json["session"]?["id"], "\(trail.text)")
            let tokens = try await premises.call(
                "POST", "/v1/access-tokens", headers: browser.cookies + browser.csrf, body: #"{"name":"a"}"#)
            #expect(tokens.status == 201, "\(tokens.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test func `every change without the token of the session is refused, and does nothing`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            let (_, browser) = try await Self.signIn(premises)
            for operation in premises.operations where operation.requires != .none && operation.method != .get
            {
                let answer = try await premises.knock(operation, headers: browser.cookies)
                #expect(
                    answer.status == 401 && answer.code == "unauthenticated",
                    "\(operation.id): \(answer.text)")
                let foreign = try await premises.knock(
                    operation,
                    headers: browser.cookies + browser.csrf + [
                        (name: "origin", value: "https://evil.example")
                    ])
                #expect(foreign.status == 401, "\(operation.id): \(foreign.text)")
            }
            #expect(try await premises.call("GET", "/v1/me", headers: browser.cookies).status == 200)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `no session trades, signs, reveals or reads by the paths of stock clients`() async throws {
        try await Premises.open(isRunning: true) { _, premises in
            let (_, browser) = try await Self.signIn(premises)
            let closed = premises.operations.filter(\.tokensOnly)
            let named = closed.map(\.id).filter { !$0.hasPrefix("proxy") && !$0.hasPrefix("tokenMetrics") }
            #expect(named.sorted() == ["revealKey", "signRequest"])
            #expect(closed.count { $0.path.contains("/proxy/") } == 5)
            let stock = premises.operations.filter { $0.path.hasPrefix("/v2/") }
            #expect(!stock.isEmpty && stock.allSatisfy(\.tokensOnly))
            for operation in closed {
                let answer = try await premises.knock(operation, headers: browser.cookies + browser.csrf)
                #expect(answer.status == 401, "\(operation.id): \(answer.text)")
                #expect(answer.text.contains("a session does not open this"), "\(operation.id)")
            }
            #expect(premises.mistakes == [])
        }
    }

    @Test func `with an access token cookies are not looked at`() async throws {
        try await Premises.open { _, premises in
            let (owner, browser) = try await Self.signIn(premises)
            let nobody = try await premises.join("nobody", nil, by: owner, insisting: true)
            let answer = try await premises.call(
                "GET", "/v1/users", as: nobody.token, headers: browser.cookies)
            #expect(answer.status == 403)
            let wrong = try await premises.call("GET", "/v1/me", as: "kbt_none", headers: browser.cookies)
            #expect(wrong.status == 401)
        }
    }

    @Test func `nobody logs in over plain HTTP from elsewhere, and is told why`() async throws {
        try await Premises.open { _, premises in
            let answer = try await premises.call(
                "POST", "/v1/sessions", body: #"{"email":"a@b","password":"x"}"#)
            #expect(answer.status == 403 && answer.code == "login_unavailable", "\(answer.text)")
            #expect(answer.json["detail"]?.asString?.contains("plain HTTP") == true)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `whoever logs out is out`() async throws {
        try await Premises.open { _, premises in
            let (_, browser) = try await Self.signIn(premises)
            let left = try await premises.call(
                "DELETE", "/v1/sessions/current", headers: browser.cookies + browser.csrf)
            #expect(left.status == 204)
            #expect(try await premises.call("GET", "/v1/me", headers: browser.cookies).status == 401)
            let events = try await premises.host.database.query(Self.refusals).first?.int(0)
            #expect(events == 0)
            #expect(premises.mistakes == [])
        }
    }
}
