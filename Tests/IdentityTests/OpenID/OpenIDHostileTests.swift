import Access
import Crypto
import EventLoop
import HTTPClient
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Identity

/// Log-in by a provider as others would like it to go.
@Suite(.serialized) struct OpenIDHostileTests {
    private func with(
        _ algorithm: TokenAlgorithm = .es256, _ change: @Sendable (inout OpenIDSettings) -> Void = { _ in },
        _ body: @Sendable (isolated Worker, Lobby) async throws -> Void
    ) async throws {
        try await Lobby.open(algorithm: algorithm, change) { worker, lobby async throws in
            _ = try await lobby.invite("ann")
            try await body(worker, lobby)
        }
    }

    /// Refused, and Ann has not joined.
    private nonisolated(nonsending) func expectRefusal(
        _ answer: TestAnswer, _ lobby: Lobby, _ what: String = ""
    ) async throws {
        #expect(answer.status == 401, "\(what) \(answer.text)")
        #expect(answer.code == "unauthenticated", "\(what)")
        #expect(try await !lobby.house.actions().contains("users.join"), "\(what)")
    }

    private nonisolated(nonsending) func expectRefusal(
        _ lobby: Lobby, _ what: String, _ change: (inout StandInProvider.Manner) -> Void
    ) async throws {
        let manner = lobby.provider.manner
        lobby.provider.behave(change)
        try await expectRefusal(lobby.logIn(), lobby, what)
        lobby.provider.behave { $0 = manner }
    }

    @Test func `tokens that are wrong in one thing let nobody in, and read alike`() async throws {
        let now = Timestamp.testStart.seconds
        let changes: [(String, String, JSONValue?)] = [
            ("wrong audience", "aud", "other"), ("wrong issuer", "iss", "https://evil.example"),
            ("wrong nonce", "nonce", "other"), ("no nonce", "nonce", nil),
            ("expired", "exp", .number(JSONNumber(now - 3_600))),
            ("not yet valid", "nbf", .number(JSONNumber(now + 3_600))), ("missing sub", "sub", nil),
            ("wrong at_hash", "at_hash", "AAAA"),
        ]
        try await with { _, lobby async throws in
            var texts: Set<String> = []
            for (what, name, value) in changes {
                lobby.provider.behave { $0.claims = { $0.with(name, value) } }
                let answer = try await lobby.logIn()
                try await expectRefusal(answer, lobby, what)
                texts.insert(answer.text)
            }
            #expect(texts.count == 1)
            lobby.provider.behave { $0.claims = { $0 } }
            #expect(try await lobby.logIn().status == 200)
        }
    }

    @Test func `alg none and HS256 signed with the public key let nobody in`() async throws {
        try await with(.rs256) { _, lobby async throws in
            try await expectRefusal(lobby, "none") { manner in
                manner.token = { claims in
                    let header: JSONValue = ["alg": "none", "kid": "one"]
                    return "\(SigningPair.part(header)).\(SigningPair.part(claims))."
                }
            }
            let pem = lobby.provider.manner.keys[0].key.publicKey.pem
            try await expectRefusal(lobby, "HS256") { manner in
                manner.token = { claims in
                    let header: JSONValue = ["alg": "HS256", "kid": "one"]
                    let signed = "\(SigningPair.part(header)).\(SigningPair.part(claims))"
                    let code = HMAC.sha256(key: Array(pem.utf8), signed)
                    return "\(signed).\(Base64.encode(code, alphabet: .url))"
                }
            }
        }
    }

    @Test func `a key of another type, or of the same name and somebody else's, lets nobody in`() async throws
    {
        let (other, twin) = (try SigningPair("one", .edDSA), try SigningPair("one", .es256))
        try await with { _, lobby async throws in
            for pair in [other, twin] {
                try await expectRefusal(lobby, pair.algorithm.rawValue) { manner in
                    manner.token = { claims in try pair.token(claims) }
                }
            }
        }
    }

    @Test func `keys are asked for again when one is unknown, once a minute, and old ones are dropped`()
        async throws
    {
        let next = try SigningPair("two", .es256)
        try await with { _, lobby async throws in
            #expect(try await lobby.logIn().status == 200)
            #expect(lobby.provider.count(of: "/keys") == 1)
            let old = lobby.provider.manner.keys[0]
            lobby.provider.behave { $0.keys = [next] }
            // Too soon after the last look.
            #expect(try await lobby.logIn().status == 401)
            #expect(lobby.provider.count(of: "/keys") == 1)
            lobby.time.advance(.seconds(61))
            #expect(try await lobby.logIn().status == 200)
            #expect(lobby.provider.count(of: "/keys") == 2)
            // The old key is none any more, and a storm of unknown ones asks no more often.
            lobby.provider.behave { $0.token = { claims in try old.token(claims) } }
            for _ in 0..<20 { #expect(try await lobby.logIn().status == 401) }
            #expect(lobby.provider.count(of: "/keys") == 2)
            // A known name goes when the set is old, not only when somebody asks for an unknown one.
            lobby.provider.behave { ($0.token, $0.keys) = (nil, [old]) }
            lobby.time.advance(.minutes(11))
            #expect(try await lobby.logIn().status == 200)
            lobby.provider.behave { $0.token = { claims in try next.token(claims) } }
            #expect(try await lobby.logIn().status == 401)
        }
    }

    @Test func `keys without names are asked for again when none fits, once a minute`() async throws {
        let (one, two) = (
            try SigningPair("one", .es256, isNamed: false), try SigningPair("two", .es256, isNamed: false)
        )
        try await with { _, lobby async throws in
            lobby.provider.behave { $0.keys = [one] }
            #expect(try await lobby.logIn().status == 200)
            lobby.provider.behave { $0.keys = [two] }
            lobby.time.advance(.seconds(61))
            #expect(try await lobby.logIn().status == 200)
            #expect(lobby.provider.count(of: "/keys") == 2)
            lobby.provider.behave { $0.token = { claims in try one.token(claims) } }
            for _ in 0..<5 { #expect(try await lobby.logIn().status == 401) }
            #expect(lobby.provider.count(of: "/keys") == 2)
        }
    }

    @Test func `an unverified address, a disabled user and a stranger are nobody, and read alike`()
        async throws
    {
        try await with { _, lobby async throws in
            var texts: Set<String> = []
            let unverified = try await lobby.logIn(as: Lobby.ann.with("email_verified", false))
            try await expectRefusal(unverified, lobby, "unverified")
            texts.insert(unverified.text)
            let stranger = try await lobby.logIn(as: Lobby.ann.with("email", "bob@desk.example"))
            try await expectRefusal(stranger, lobby, "stranger")
            texts.insert(stranger.text)
            let ann = try await lobby.logIn().json["id"]?.asString ?? ""
            let another = try await lobby.logIn(as: Lobby.ann.with("sub", "ann-2"))
            #expect(another.status == 401)
            texts.insert(another.text)
            let off = try await lobby.house.caller.call("POST", "/v1/users/\(ann)/disable", lobby.owner)
            #expect(off.status == 200, "\(off.text)")
            let disabled = try await lobby.logIn()
            #expect(disabled.status == 401)
            texts.insert(disabled.text)
            #expect(texts.count == 1)
        }
    }

    @Test func `a state counts once, for the browser that began, within ten minutes`() async throws {
        try await with { _, lobby async throws in
            let (mine, yours) = (try await lobby.leave(), try await lobby.leave())
            // The state of another browser, which stays good for its own.
            let mixed = Lobby.Trip(cookie: yours.cookie, query: mine.query)
            try await expectRefusal(lobby.arrive(mixed), lobby, "another browser")
            for cookie in [
                "", "a=b", "__Host-keybell_oidc=", "\(mine.cookie); \(mine.cookie)", mine.cookie + "A",
            ] {
                try await expectRefusal(
                    lobby.arrive(Lobby.Trip(cookie: cookie, query: mine.query)), lobby, cookie)
            }
            let late = Timestamp.testStart + .minutes(10)
            try await expectRefusal(lobby.arrive(yours, at: late), lobby, "late")
            #expect(try await lobby.arrive(mine).status == 200)
            #expect(try await lobby.arrive(mine).status == 401)
            #expect(lobby.provider.count(of: "/token") == 1)
        }
    }

    @Test func `64 arrivals with one state are one arrival`() async throws {
        try await with { worker, lobby async throws in
            let trip = try await lobby.leave()
            let tasks = (0..<64).map { _ in
                Task {
                    _ = worker
                    return try await lobby.arrive(trip).status
                }
            }
            var statuses: [Int] = []
            for task in tasks { statuses.append(try await task.value) }
            #expect(statuses.count { $0 == 200 } == 1)
            #expect(statuses.count { $0 == 401 } == 63)
        }
    }

    @Test func `a code that was exchanged, and one of another log-in, let nobody in`() async throws {
        try await with { _, lobby async throws in
            let (first, second) = (try await lobby.leave(), try await lobby.leave())
            #expect(try await lobby.arrive(first).status == 200)
            #expect(try await lobby.arrive(second.with(codeOf: first)).status == 401)
            let (third, fourth) = (try await lobby.leave(), try await lobby.leave())
            #expect(try await lobby.arrive(fourth.with(codeOf: third)).status == 401)
        }
    }

    @Test func `the answer of another provider goes nowhere`() async throws {
        try await with { _, lobby async throws in
            var trip = try await lobby.leave()
            trip.query += "&iss=https%3A%2F%2Fevil.example"
            try await expectRefusal(lobby.arrive(trip), lobby, "mix-up")
            #expect(lobby.provider.count(of: "/token") == 0)
            trip = try await lobby.leave()
            trip.query += "&iss=\(FormEncoding.escape(lobby.provider.issuer))"
            #expect(try await lobby.arrive(trip).status == 200)
        }
    }

    @Test func `a provider that names itself in its answers is held to that`() async throws {
        try await with { _, lobby async throws in
            lobby.provider.behave { manner in
                manner.metadata = { $0.with("authorization_response_iss_parameter_supported", true) }
            }
            var trip = try await lobby.leave()
            try await expectRefusal(lobby.arrive(trip), lobby, "no iss")
            trip = try await lobby.leave()
            trip.query += "&iss=\(FormEncoding.escape(lobby.provider.issuer))"
            #expect(try await lobby.arrive(trip).status == 200)
        }
    }

    @Test func `what the provider says instead of a code is passed on as a word at most`() async throws {
        try await with { _, lobby async throws in
            for (error, said) in [
                ("access_denied", "access_denied"), ("%3Cscript%3E", "an error"), ("A%20B", "an error"),
            ] {
                var trip = try await lobby.leave()
                let state = trip.query.split(separator: "&")[1]
                trip.query = "error=\(error)&error_description=%3Cb%3Ehello&\(state)"
                let answer = try await lobby.arrive(trip)
                try await expectRefusal(answer, lobby, error)
                #expect(answer.json["detail"]?.asString == "The provider said \(said).")
            }
            var trip = try await lobby.leave()
            trip.query = String(trip.query.split(separator: "&")[1])
            try await expectRefusal(lobby.arrive(trip), lobby, "no code")
            let answer = try await lobby.caller.call("GET", "/v1/oidc/callback", House.stranger())
            #expect(answer.status == 400)
        }
    }

    @Test func `one address begins a hundred log-ins at once, and more when those are over`() async throws {
        try await with { _, lobby async throws in
            for _ in 0..<OpenIDAttemptStore.pendingAtMost { #expect(try await lobby.begin().status == 303) }
            let more = try await lobby.begin()
            #expect(more.status == 429)
            #expect(more.response.head[.retryAfter] == "60")
            let later = Timestamp.testStart + .minutes(10)
            #expect(try await lobby.begin(at: later).status == 303)
        }
    }
}
