import Crypto
import HTTPServer
import JSON
import Kernel
import Synchronization
import TestSupport

@testable import Identity

/// An OpenID provider on loopback: it holds its clients to the protocol, and says of people what a test has
/// it say.
final class StandInProvider: Sendable {
    /// What a browser brought to the authorization endpoint, until its code is exchanged.
    struct Visit: Sendable {
        let nonce: String
        let challenge: String
        let redirect: String
        let claims: JSONValue
    }

    struct Manner: Sendable {
        /// The first one signs.
        var keys: [SigningPair]
        /// Changes what a token says before it is signed.
        var claims: @Sendable (JSONValue) -> JSONValue = { $0 }
        /// Makes the token itself; nil: the first key signs it.
        var token: (@Sendable (JSONValue) throws -> String)?
        /// What it says of itself beyond what it must.
        var metadata: @Sendable (JSONValue) -> JSONValue = { $0 }
        /// Answers instead of it; nil: it answers itself.
        var instead: @Sendable (_ path: String) -> Receiver.Reply? = { _ in nil }
        /// Nil: a public client.
        var secret: String? = "s3cret &+"
        /// What it tells beside the token; nil: it has no such place. The second one is its type.
        var userInfo: (@Sendable (JSONValue) throws -> (String, String))?
        /// What the access token hashes to is said.
        var saysHash = true
    }

    private struct State {
        var manner: Manner
        var visits: [String: Visit] = [:]
        /// Of whom the access token is.
        var guest: JSONValue = .null
        var asked: [String] = []
        var codes = 0
    }

    let issuer: String
    private let receiver: Receiver
    private let state: Mutex<State>

    init(_ algorithm: TokenAlgorithm = .es256) throws {
        receiver = try Receiver()
        issuer = String(receiver.url.dropLast("/keybell".count)) + "/realm"
        state = Mutex(State(manner: Manner(keys: [try SigningPair("one", algorithm)])))
        // Somebody may still be answered when the test is over.
        receiver.answer { [weak self] in self?.answer($0.request) ?? .reset }
    }

    func stop() { receiver.stop() }

    func behave(_ change: (inout Manner) -> Void) { state.withLock { change(&$0.manner) } }
    var manner: Manner { state.withLock { $0.manner } }

    /// How often a path below the issuer was asked for.
    func count(of path: String) -> Int { state.withLock { $0.asked.count { $0 == path } } }

    /// What the browser does there: the person logs in, and is sent back with the answer's query.
    func authorize(_ location: String, as claims: JSONValue) throws -> String {
        let query = try Form(location.split(separator: "?", maxSplits: 1).last.map(String.init) ?? "")
        guard location.hasPrefix("\(issuer)/authorize?"), query["response_type"] == "code",
            query["client_id"] == "keybell", query["code_challenge_method"] == "S256",
            query["scope"]?.split(separator: " ").contains("openid") == true,
            let nonce = query["nonce"], let challenge = query["code_challenge"],
            let redirect = query["redirect_uri"], let state = query["state"]
        else { throw TestFailure(what: "no authorization request: \(location)") }
        let visit = Visit(nonce: nonce, challenge: challenge, redirect: redirect, claims: claims)
        let code = self.state.withLock { all in
            all.codes += 1
            all.visits["code-\(all.codes)"] = visit
            return "code-\(all.codes)"
        }
        return "code=\(code)&state=\(state)&session_state=x"
    }

    private func answer(_ request: LoopbackMessage) -> Receiver.Reply {
        let words = request.startLine.split(separator: " ")
        let prefix = "/realm"
        guard words.count == 3, words[1].hasPrefix(prefix) else { return .status(404) }
        let path = String(words[1].dropFirst(prefix.count))
        state.withLock { $0.asked.append(path) }
        let manner = manner
        if let reply = manner.instead(path) { return reply }
        switch (words[0], path) {
        case ("GET", "/.well-known/openid-configuration"):
            return .json(200, text(manner.metadata(metadata)))
        case ("GET", "/keys"):
            return .json(200, text(["keys": .array(manner.keys.map { .object($0.jwk) })]))
        case ("GET", "/userinfo") where request.header("authorization") == "Bearer at":
            return (try? told(manner)) ?? .status(500)
        case ("POST", "/token"): return (try? exchange(request, manner)) ?? .status(500)
        default: return .status(404)
        }
    }

    private func told(_ manner: Manner) throws -> Receiver.Reply {
        guard let userInfo = manner.userInfo else { return .status(404) }
        let (body, type) = try userInfo(state.withLock { $0.guest })
        return .raw(
            "HTTP/1.1 200 OK\r\ncontent-type: \(type)\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    private var metadata: JSONValue {
        var metadata = leastMetadata
        if manner.userInfo != nil {
            metadata = metadata.with("userinfo_endpoint", .string("\(issuer)/userinfo"))
        }
        return metadata
    }

    private var leastMetadata: JSONValue {
        [
            "issuer": .string(issuer), "authorization_endpoint": .string("\(issuer)/authorize"),
            "token_endpoint": .string("\(issuer)/token"), "jwks_uri": .string("\(issuer)/keys"),
        ]
    }

    private func text(_ value: JSONValue) -> String { String(decoding: value.bytes, as: UTF8.self) }
}

extension StandInProvider {
    /// RFC 6749, 4.1.3; RFC 7636, 4.6: who exchanges a code is who it was made for, and it counts once.
    private func exchange(_ request: LoopbackMessage, _ manner: Manner) throws -> Receiver.Reply {
        let form = try Form(request.text)
        guard isClient(request, form, manner) else { return .json(401, #"{"error":"invalid_client"}"#) }
        guard form["grant_type"] == "authorization_code", let code = form["code"],
            let visit = state.withLock({ $0.visits.removeValue(forKey: code) }),
            form["redirect_uri"] == visit.redirect, let verifier = form["code_verifier"],
            (43...128).contains(verifier.utf8.count),
            Base64.encode(SHA256.hash(verifier), alphabet: .url) == visit.challenge
        else { return .json(400, #"{"error":"invalid_grant","error_description":"no such code"}"#) }
        state.withLock { $0.guest = visit.claims }
        let claims = manner.claims(claims(of: visit, manner))
        let token = try manner.token?(claims) ?? manner.keys[0].token(claims)
        return .json(200, text(["access_token": "at", "token_type": "Bearer", "id_token": .string(token)]))
    }

    private func isClient(_ request: LoopbackMessage, _ form: Form, _ manner: Manner) -> Bool {
        let isInForm = manner.metadata(metadata)["token_endpoint_auth_methods_supported"] != nil
        guard let secret = manner.secret, !isInForm else {
            return form["client_id"] == "keybell" && form["client_secret"] == manner.secret
                && request.header("authorization") == nil
        }
        let pair = "keybell:" + FormEncoding.escape(secret)
        return request.header("authorization") == "Basic " + Base64.encode(Array(pair.utf8))
    }

    private func claims(of visit: Visit, _ manner: Manner) -> JSONValue {
        let now = Timestamp.testStart.seconds
        var claims = visit.claims.with("iss", .string(issuer)).with("aud", "keybell")
            .with("nonce", .string(visit.nonce)).with("iat", .number(JSONNumber(now)))
            .with("exp", .number(JSONNumber(now + 300)))
        if manner.saysHash {
            let digest = manner.keys[0].algorithm.hash(Array("at".utf8))
            let half = Base64.encode(Array(digest.prefix(digest.count / 2)), alphabet: .url)
            claims = claims.with("at_hash", .string(half))
        }
        return claims
    }
}

/// Names and values of a form or a query.
struct Form {
    private let values: [String: String]

    init(_ text: String) throws {
        let query = try Query(Array(text.utf8)[...])
        values = Dictionary(query.parameters.map { ($0.name, $0.value) }) { first, _ in first }
    }

    subscript(_ name: String) -> String? { values[name] }
}
