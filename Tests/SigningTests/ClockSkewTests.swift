import Kernel
import TestSupport
import Testing

@testable import Signing

/// T7 and T10 with nodes whose clocks differ: what holds is told by the database, and by nobody's clock.
@Suite struct ClockSkewTests {
    private static let policy = """
        {"operations": ["read"], "ways": ["sign"],
         "limits": [{"count": "requests", "max": "4", "per": "31d", "applies_to": "all"}]}
        """

    @Test(arguments: [Period.hours(30), .hours(-30), .minutes(7)])
    func `T7, T10: nodes with different clocks share limits and revocations`(_ ahead: Period) async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let first = try await SigningDesk.open(on: worker, database)
            defer { first.stop() }
            let second = try first.other(on: worker, ahead: ahead)
            defer { second.stop() }
            let keys = [
                try await first.key("counted", policy: Self.policy), try await second.key("other"),
            ]
            for desk in [first, second, first, second] {
                let signed = try await desk.sign(keys[0])
                #expect(signed.status == 200, "\(signed.text)")
            }
            for desk in [second, first] {
                let denied = try await desk.sign(keys[0])
                #expect(denied.status == 403 && denied.text.contains("limits.1"), "\(denied.text)")
            }
            // Each ends what the other has just signed by, and knows of it at once.
            for (key, one, other) in [(keys[1], first, second), (keys[0], second, first)] {
                if key == keys[1] { #expect(try await other.sign(key).status == 200) }
                let revoked = try await one.call(
                    "POST", "/v1/keys/\(key)/revoke", #"{"reason":"left"}"#)
                try #require(revoked.status == 200, "\(revoked.text)")
                let late = try await other.sign(key)
                #expect(late.status == 403 && late.text.contains("revoked"), "\(late.text)")
            }
        }
    }
}
