import Access
import HTTPServer
import Kernel
import TestSupport
import Testing

@testable import Identity

struct SessionCookieTests {
    private let secret = AccessTokenSecret(.session, .system)
    private let door = FrontDoor(origin: PublicOrigin("https://keybell.desk.example"), trustedProxies: [])

    private func credential(
        _ method: String, _ cookie: String, _ headers: [(name: String, value: String)] = []
    ) throws -> Credential? {
        let request = try testRequest(
            method, "/v1/me", headers: headers + [(name: "cookie", value: cookie)])
        do throws(Problem) {
            return try SessionCookies.credential(of: request, at: door)
        } catch {
            #expect(error.code == .unauthenticated)
            return nil
        }
    }

    private var pair: String { "\(SessionCookies.session)=\(secret.text)" }

    @Test func `the cookie is found among others, exactly once`() throws {
        #expect(try credential("GET", pair) == .session(secret.hash))
        #expect(try credential("GET", "a=b; \(pair) ; c=\(pair)") == .session(secret.hash))
        #expect(try credential("GET", "a=b") == .absent)
        #expect(try credential("GET", "x\(pair)") == .absent)
        #expect(try credential("GET", "\(pair); \(pair)") == .malformed)
        #expect(try credential("GET", "\(pair)x") == .malformed)
        #expect(try credential("GET", "\(SessionCookies.session)=") == .malformed)
        let other = AccessTokenSecret(.accessToken, .system).text
        #expect(try credential("GET", "\(SessionCookies.session)=\(other)") == .malformed)
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE", "PURGE"])
    func `what is no reading needs the token of this very session`(method: String) throws {
        let own = (name: "keybell-csrf", value: secret.csrfToken)
        #expect(try credential(method, pair, [own]) == .session(secret.hash))
        #expect(try credential(method, pair) == nil)
        #expect(try credential(method, pair, [own, own]) == nil)
        let other = AccessTokenSecret(.session, .system).csrfToken
        #expect(try credential(method, pair, [(name: "keybell-csrf", value: other)]) == nil)
        // A cookie that somebody planted proves nothing.
        #expect(
            try credential(
                method, "\(pair); \(SessionCookies.csrf)=\(other)", [(name: "keybell-csrf", value: other)])
                == nil)
    }

    @Test func `a page of another origin changes nothing, even with the token`() throws {
        let own = (name: "keybell-csrf", value: secret.csrfToken)
        for (name, value) in [
            ("origin", "https://evil.example"), ("origin", "null"), ("origin", "http://keybell.desk.example"),
            ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("sec-fetch-site", "none"),
        ] {
            #expect(
                try credential("POST", pair, [own, (name: name, value: value)]) == nil, "\(name) \(value)")
        }
        let page = [
            own, (name: "origin", value: "https://keybell.desk.example"),
            (name: "sec-fetch-site", value: "same-origin"),
        ]
        #expect(try credential("POST", pair, page) == .session(secret.hash))
    }
}
