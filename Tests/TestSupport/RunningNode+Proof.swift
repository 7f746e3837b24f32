import JSON

/// What a person does who is asked to prove that they are there: sets a password where they have nothing, and
/// shows it for the very request.
extension RunningNode {
    private static let password: JSONValue = "four candles of a quiet week"

    /// What the request is answered once it is proven; the same answer where nothing of that kind was asked.
    func proven(
        _ answer: LoopbackMessage, _ method: String, _ target: String, _ body: JSONValue?, token: Token?,
        headers: [(name: String, value: String)]
    ) async throws -> LoopbackMessage {
        var answer = answer
        if answer.status == 403, answer.json["code"] == "mfa_required" {
            // Somebody else may be faster.
            _ = try await once("PUT", "/v1/password", ["password": Self.password], token: token)
            answer = try await once(method, target, body, token: token, headers: headers)
        }
        guard answer.status == 401, let asked = answer.json["step_up"], asked["level"] == "password" else {
            return answer
        }
        let proof = try await proof(for: asked["action"] ?? .null, token: token)
        return try await once(method, target, body, token: token, headers: headers + proof)
    }

    /// A field that proves it for one request, of somebody who has a password.
    private func proof(for action: JSONValue, token: Token?) async throws -> [(name: String, value: String)] {
        let shown = try await once(
            "POST", "/v1/step-up", ["action": action, "password": Self.password], token: token)
        guard let proof = shown.json["proof"]?.asString else { throw Impatience("no proof: \(shown.text)") }
        return [(name: "keybell-step-up", value: proof)]
    }

    /// The same, before anybody asked.
    package func proof(_ operation: String, _ method: String, _ path: String) async throws -> [(
        name: String, value: String
    )] {
        _ = try await once("PUT", "/v1/password", ["password": Self.password])
        return try await proof(
            for: ["operation": .string(operation), "method": .string(method), "path": .string(path)],
            token: .owner)
    }
}
