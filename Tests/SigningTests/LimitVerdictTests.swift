import JSON
import TestSupport
import Testing

@testable import Signing

/// What a refusal says of limits, which are looked at last.
@Suite struct LimitVerdictTests {
    private static func policy(logOnly: String = "") -> String {
        """
        {"operations": ["read"], "ways": ["sign"], "log_only": [\(logOnly)],
         "limits": [{"count": "requests", "max": "1", "per": "31d", "applies_to": "all"}]}
        """
    }

    private func verdicts(_ answer: TestAnswer) -> [String: String] {
        let clauses = answer.json["clauses"]?.asArray ?? []
        return Dictionary(
            clauses.compactMap { clause in
                guard let name = clause["clause"]?.asString, let verdict = clause["verdict"]?.asString else {
                    return nil
                }
                return (name, verdict)
            }, uniquingKeysWith: { first, _ in first })
    }

    @Test func `every one is told, whichever clause denies, and one that only reports denies nothing`()
        async throws
    {
        try await SigningDesk.run { desk in
            let key = try await desk.key("limited", policy: Self.policy())
            let order = try await desk.sign(key, "POST", "/api/v3/order", query: SigningDesk.order)
            #expect(order.status == 403)
            #expect(verdicts(order)["operations"] == "denied", "\(order.text)")
            #expect(verdicts(order)["limits.1"] == "allowed", "\(order.text)")
            // What was denied used nothing up.
            let first = try await desk.sign(key)
            #expect(first.status == 200, "\(first.text)")
            let second = try await desk.sign(key)
            #expect(second.status == 403)
            #expect(verdicts(second)["limits.1"] == "denied", "\(second.text)")
            #expect(verdicts(second)["operations"] == "allowed")
            let uses = try await desk.call("GET", "/v1/usage-events")
            let found = uses.json["data"]?.asArray?.compactMap { $0["clause"]?.asString }
            #expect(found?.sorted() == ["limits.1", "operations"], "\(uses.text)")

            let other = try await desk.key("reported", policy: Self.policy(logOnly: #""limits.1""#))
            for _ in 0..<3 {
                let signed = try await desk.sign(other)
                #expect(signed.status == 200, "\(signed.text)")
            }
        }
    }
}
