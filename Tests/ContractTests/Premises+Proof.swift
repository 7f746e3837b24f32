import HTTPServer
import JSON
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
        let body: JSONValue = ["action": action, "password": .string(password)]
        let shown = try await call(
            "POST", "/v1/step-up", as: token, body: String(decoding: body.bytes, as: UTF8.self))
        return try #require(shown.json["proof"]?.asString, "\(shown.text)")
    }
}
