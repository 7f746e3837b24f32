import Access
import EventLoop
import HTTPClient
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Identity

/// A provider that is away, or leads elsewhere: 503 with the reason, and nothing is sent where it should not.
@Suite(.serialized) struct ProviderTroubleTests {
    private static let discovery = "/.well-known/openid-configuration"

    private func with(
        _ change: @Sendable (inout OpenIDSettings) -> Void = { _ in },
        limits: OutgoingRequest.TimeLimits = .init(connect: .seconds(60), total: .seconds(60)),
        _ body: @Sendable (Lobby) async throws -> Void
    ) async throws {
        try await Lobby.open(limits: limits, change) { _, lobby async throws in
            _ = try await lobby.invite("ann")
            try await body(lobby)
        }
    }

    private func expectTrouble(_ answer: TestAnswer, _ reason: String) {
        #expect(answer.status == 503, "\(answer.text)")
        #expect(answer.code == "provider_unavailable")
        #expect(answer.response.head[.retryAfter] == "10")
        let detail = answer.json["detail"]?.asString ?? ""
        #expect(detail.contains(reason) && detail.contains("Log-in by password goes on."), "\(detail)")
        #expect(!detail.contains("127.0.0.1"))
    }

    @Test func `a provider that is down, or answers nonsense, is told apart from a wrong log-in`()
        async throws
    {
        try await with { lobby async throws in
            let replies: [(Receiver.Reply, String)] = [
                (.status(500), "answered 500"), (.json(200, "<html>"), "of no use"),
                (.json(200, #"{"issuer":"https://evil.example"}"#), "of no use"),
                (.json(200, #"{"issuer":"\#(lobby.provider.issuer)"}"#), "of no use"),
            ]
            for (reply, reason) in replies {
                lobby.provider.behave { $0.instead = { _ in reply } }
                expectTrouble(try await lobby.begin(), reason)
            }
            lobby.provider.behave { $0.instead = { _ in nil } }
            let trip = try await lobby.leave()
            lobby.provider.behave { $0.instead = { $0 == "/token" ? .status(502) : nil } }
            expectTrouble(try await lobby.arrive(trip), "answered 502")
            lobby.provider.stop()
        }
        try await with { lobby async throws in
            lobby.provider.stop()
            try await wait(until: "nobody listens") { try await lobby.begin().status == 503 }
            expectTrouble(try await lobby.begin(), "could not be reached")
        }
    }

    @Test func `a provider that does not answer is given up in time`() async throws {
        try await with(limits: .init(connect: .milliseconds(300), total: .milliseconds(300))) {
            lobby async throws in
            lobby.provider.behave { $0.instead = { _ in .held } }
            expectTrouble(try await lobby.begin(), "could not be reached")
        }
    }

    @Test func `an answer that is too long is not read`() async throws {
        try await with { lobby async throws in
            let filler = String(repeating: " ", count: 300_000)
            lobby.provider.behave { $0.instead = { _ in .json(200, "{}" + filler) } }
            expectTrouble(try await lobby.begin(), "of no use")
            lobby.provider.behave { $0.instead = { $0 == "/keys" ? .json(200, "{}" + filler) : nil } }
            expectTrouble(try await lobby.logIn(), "of no use")
        }
    }

    @Test func `a redirect is not followed, wherever it leads`() async throws {
        try await with { lobby async throws in
            for path in [Self.discovery, "/keys", "/token"] {
                lobby.provider.behave { manner in
                    let aim = "http://169.254.169.254/latest/meta-data"
                    let reply = "HTTP/1.1 302 Found\r\nlocation: \(aim)\r\ncontent-length: 0\r\n\r\n"
                    manner.instead = { $0 == path ? .raw(reply) : nil }
                }
                lobby.time.advance(.minutes(11))
                expectTrouble(
                    try await path == Self.discovery ? lobby.begin() : lobby.logIn(), "answered 302")
            }
        }
    }

    @Test(arguments: [
        "http://169.254.169.254/keys", "http://[fd00:ec2::254]/", "file:///etc/passwd",
        "https://a@b.example/",
        "ftp://id.example/keys",
    ])
    func `a provider that leads to an internal address is not followed there`(aim: String) async throws {
        try await with { lobby async throws in
            for name in ["jwks_uri", "token_endpoint", "authorization_endpoint"] {
                lobby.provider.behave { $0.metadata = { $0.with(name, .string(aim)) } }
                expectTrouble(try await lobby.begin(), "of no use")
            }
        }
    }

    @Test func `private addresses are reached only where a setting allows them`() async throws {
        try await with({ $0.allowance = .publicOnly }) { lobby async throws in
            expectTrouble(try await lobby.begin(), "could not be reached")
            #expect(lobby.provider.count(of: Self.discovery) == 0)
        }
    }

    @Test func `what the provider says of itself is asked for once in ten minutes`() async throws {
        try await with { lobby async throws in
            for _ in 0..<3 { _ = try await lobby.begin() }
            #expect(lobby.provider.count(of: Self.discovery) == 1)
            lobby.time.advance(.minutes(11))
            _ = try await lobby.begin()
            #expect(lobby.provider.count(of: Self.discovery) == 2)
        }
    }

    @Test func `a provider that does not take S256 is not used`() async throws {
        try await with { lobby async throws in
            lobby.provider.behave { $0.metadata = { $0.with("code_challenge_methods_supported", ["plain"]) } }
            expectTrouble(try await lobby.begin(), "of no use")
        }
    }

    @Test func `without a provider nobody is sent anywhere`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let house = House(database)
            let log = Log(level: .error, format: .text, clock: .system, descriptor: 2)
            let caller = TestCaller(
                OpenIDEndpoints(
                    ledger: house.ledger, refusals: house.refusals, provider: nil,
                    door: FrontDoor(origin: nil, trustedProxies: []), log: log
                ) { _, _, _ in Response(.ok) }.operations)
            for path in ["login", "callback?state=x&code=y"] {
                let answer = try await caller.call("GET", "/v1/oidc/\(path)", House.stranger())
                #expect(answer.code == "login_unavailable", "\(answer.text)")
            }
        }
    }
}
