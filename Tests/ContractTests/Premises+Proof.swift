import EventLoop
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

extension Person {
    /// Of whoever sets one in these tests.
    static let password = "the phrase before this one"
}

extension Premises {
    /// As `call`, by somebody who proves who they are when they are asked to: by a password, which they set
    /// first where they have nothing.
    nonisolated(nonsending) func insist(
        _ method: String, _ target: String, as token: String,
        headers: [(name: String, value: String)] = [], body: String = "", type: String = "application/json"
    ) async throws -> TestAnswer {
        var answer = try await call(method, target, as: token, headers: headers, body: body, type: type)
        if answer.code == "mfa_required" {
            try await setPassword(as: token)
            answer = try await call(method, target, as: token, headers: headers, body: body, type: type)
        }
        guard answer.code == "step_up_required", let action = answer.json["step_up"]?["action"] else {
            return answer
        }
        let proof = try await proof(for: action, by: Person.password, as: token)
        return try await call(
            method, target, as: token, headers: headers + [(name: "keybell-step-up", value: proof)],
            body: body, type: type)
    }

    nonisolated(nonsending) func setPassword(as token: String) async throws {
        let set = try await call(
            "PUT", "/v1/password", as: token, body: #"{"password":"\#(Person.password)"}"#)
        #expect(set.status == 204, "\(set.text)")
    }

    nonisolated(nonsending) func proof(
        for action: JSONValue, by password: String, as token: String
    ) async throws -> String {
        try await proof(["action": action, "password": .string(password)], as: token)
    }

    /// By a recovery code.
    nonisolated(nonsending) func proof(
        for action: JSONValue, _ code: String, as token: String
    ) async throws -> String {
        try await proof(["action": action, "recovery_code": .string(code)], as: token)
    }

    private nonisolated(nonsending) func proof(_ body: JSONValue, as token: String) async throws -> String {
        let shown = try await call(
            "POST", "/v1/step-up", as: token, body: String(decoding: body.bytes, as: UTF8.self))
        return try #require(shown.json["proof"]?.asString, "\(shown.text)")
    }

    /// Adds an authenticator app for somebody who has nothing yet; tells the code that was used for it, and
    /// the recovery codes that come with it.
    nonisolated(nonsending) func addApp(of person: Person) async throws -> (used: String, codes: [String]) {
        let begun = try await call("POST", "/v1/me/factors/totp", as: person.token, body: "{}")
        let app = try #require(SoftApp(begun.json["secret"]?.asString ?? ""), "\(begun.text)")
        let code = try app.code(at: host.shared.clock.now())
        let added = try await call(
            "POST", "/v1/me/factors/\(begun.json["id"]?.asString ?? "")/confirm", as: person.token,
            body: #"{"code":"\#(code)"}"#)
        let codes = added.json["recovery_codes"]?.asArray?.compactMap(\.asString) ?? []
        #expect(codes.count == 10, "\(added.text)")
        return (code, codes)
    }
}

/// People at their browsers.
extension Premises {
    /// A peer that a session may come from without TLS.
    static let here = SocketAddress.ip(IPAddress(v4: 0x7F00_0001), port: 40_000)

    /// What a browser sends after this answer to a log-in.
    static func browser(of answer: TestAnswer) -> [(name: String, value: String)] {
        let pairs = answer.response.head.fields.filter { $0.name == .setCookie }
            .map { String($0.value.prefix { $0 != ";" }) }
        return [
            (name: "cookie", value: pairs.joined(separator: "; ")),
            (name: "keybell-csrf", value: answer.json["csrf_token"]?.asString ?? ""),
            (name: "origin", value: "http://localhost:8720"),
        ]
    }
}
