import JSON
import TestSupport
import Testing

@testable import Signing

/// Whoever publishes a policy gives nobody what is used up once more.
@Suite struct LimitMoveTests {
    private static let few = #"{"count": "requests", "max": "2", "per": "31d", "applies_to": "all"}"#
    private static let many = #"{"count": "requests", "max": "50", "per": "1h", "applies_to": "all"}"#

    private static func policy(_ limits: String...) -> String {
        #"{"operations": ["read"], "ways": ["sign"], "limits": ["# + limits.joined(separator: ",") + "]}"
    }

    private func publish(_ policy: String, _ path: String, _ desk: SigningDesk) async throws {
        let answer = try await desk.call("PUT", path, policy, match: "*")
        try #require(answer.status == 200, "\(answer.text)")
    }

    /// The clause that denies.
    private func denial(_ key: String, _ desk: SigningDesk) async throws -> String? {
        let clauses = try await desk.sign(key).json["clauses"]?.asArray ?? []
        return clauses.first { $0["verdict"] == "denied" }?["clause"]?.asString
    }

    @Test func `a used-up limit stays so, whatever is put before it, and after it was gone`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("limited", policy: Self.policy(Self.few))
            let path = "/v1/keys/\(key)/policy"
            for status in [200, 200, 403] { #expect(try await desk.sign(key).status == status) }
            try await publish(Self.policy(Self.many, Self.few), path, desk)
            #expect(try await denial(key, desk) == "limits.2")
            try await publish(Self.policy(Self.few, Self.many), path, desk)
            #expect(try await denial(key, desk) == "limits.1")
            try await publish(Self.policy(), path, desk)
            #expect(try await desk.sign(key).status == 200)
            let reverted = try await desk.call(
                "POST", path + "/revert", #"{"version": 1}"#, match: "\"4\"")
            try #require(reverted.status == 200, "\(reverted.text)")
            #expect(try await denial(key, desk) == "limits.1")
            // One more than was used up is one more.
            let more = #"{"count": "requests", "max": "3", "per": "744h", "applies_to": "all"}"#
            try await publish(Self.policy(more), path, desk)
            for status in [200, 403] { #expect(try await desk.sign(key).status == status) }
        }
    }

    @Test func `the desk's limits go on for each key when another is put before them`() async throws {
        try await SigningDesk.run { desk in
            func limits(_ limits: String...) -> String {
                #"{"limits": ["# + limits.joined(separator: ",") + "]}"
            }
            let few = #"{"count": "requests", "max": "2", "per": "31d", "applies_to": "all", "of": "key"}"#
            try await publish(limits(few), "/v1/desk/policy", desk)
            let keys = [try await desk.key("one"), try await desk.key("other")]
            for key in keys {
                for status in [200, 200, 403] { #expect(try await desk.sign(key).status == status) }
            }
            try await publish(limits(Self.many, few), "/v1/desk/policy", desk)
            for key in keys { #expect(try await denial(key, desk) == "limits.2") }
        }
    }
}
