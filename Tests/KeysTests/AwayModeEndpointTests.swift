import JSON
import Postgres
import TestSupport
import Testing

@testable import Keys

/// Whether exits by a key may go without the database: an owner says so, on record.
@Suite(.serialized) struct AwayModeEndpointTests {
    private static let epoch = Statement("test_away_epoch", "select epoch from authority")
    private static let on = #"{"enabled": true, "reason": "exits"}"#
    private static let off = #"{"enabled": false, "reason": "no longer"}"#

    @Test func `it is off until somebody switches it on, and every change is told and raises the epoch`()
        async throws
    {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a")
            #expect(try await desk.call("GET", path).json["away_mode"] == false)
            let before = try await desk.database.query(Self.epoch).first?.int64(0) ?? 0
            for (body, isOn) in [(Self.on, true), (Self.on, true), (Self.off, false)] {
                let set = try await desk.call("PUT", path + "/away-mode", body)
                #expect(set.status == 200 && set.json["away_mode"]?.asBool == isOn, "\(set.text)")
            }
            #expect(try await desk.call("GET", path).json["away_mode"] == false)
            let told = try await desk.events().filter { $0.type == "key.away_mode.changed" }
            #expect(told.map { $0.data["enabled"] } == [true, false])
            #expect(told.map { $0.data["reason"] } == ["exits", "no longer"])
            #expect(try await desk.database.query(Self.epoch).first?.int64(0) == before + 2)
            let trail = try await desk.trail()
            #expect(trail.ranges(of: "\"keys.away_mode\"").count == 3, "\(trail)")
        }
    }

    @Test func `a revoked key has none, and another state than was seen is not changed`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a")
            for body in ["{}", #"{"enabled": true}"#, #"{"enabled": "yes", "reason": "a"}"#] {
                #expect(try await desk.call("PUT", path + "/away-mode", body).status == 422)
            }
            let stale = try await desk.call("PUT", path + "/away-mode", Self.on, match: "\"7\"")
            #expect(stale.status == 412, "\(stale.text)")
            _ = try await desk.call("POST", path + "/revoke", #"{"reason": "gone"}"#)
            let revoked = try await desk.call("PUT", path + "/away-mode", Self.on)
            #expect(revoked.status == 409, "\(revoked.text)")
            #expect(try await desk.call("GET", path).json["away_mode"] == false)
        }
    }
}
