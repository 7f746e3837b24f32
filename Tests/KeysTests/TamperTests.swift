import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Keys

/// T2b: whoever can write to the database cannot re-activate a key or loosen what binds it.
@Suite(.serialized) struct TamperTests {
    /// A write past the service for every column that decides something.
    static let writes = [
        "status = 'active'", "own_mode = 'active'", "quarantined = true", "readable = true", "decoy = true",
        "passphrase_disclosable = true", "egress_address = 'elsewhere'",
        "away_mode = true",
        "current_version = 7", "ip_allow_list = '{}'", "permissions = '{withdraw}'", "tags = '{other}'",
        "owner = 'usr_00000000000000000000000001'", "account = 'another'", "label = 'another'",
        "environment = 'testnet'", "exchange = 'okx'", "risks_accepted = 'fine'", "fingerprint = 'kf_00'",
        "expires_at = '2030-01-01'", "rotation_every = '900d'", "revision = revision + 1", "mac = null",
        "secret_created_at = '2026-01-01'", "handed_out_until = '2020-01-01'", "created_by = owner || 'x'",
        // Another byte than the one that is there: one tag in 256 has any given byte already.
        "mac = set_byte(mac, 19, get_byte(mac, 19) # 7)",
    ]

    @Test(arguments: writes) func `T2b a row that was written past the service is refused`(
        _ write: String
    ) async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a", #""ip_allow_list": ["203.0.113.7"]"#)
            _ = try await desk.call("POST", path + "/suspend", #"{"reason": "stolen"}"#)
            let tamper = Statement("test_tamper", derived: "update exchange_key set \(write)")
            _ = try await desk.database.transaction { try await $0.query(tamper) }
            for _ in 0..<2 {
                let answer = try await desk.call("POST", path + "/activate")
                #expect(answer.status == 409)
                #expect(answer.json["code"]?.asString == "key_tampered", "\(write): \(answer.text)")
            }
            // Told of once, however often it is met.
            #expect(try await desk.events().filter { $0.type == "key.tampered" }.count == 1)
        }
    }

    @Test func `a tampered key does not keep the others of a selection from being stopped`() async throws {
        try await KeyDesk.run { desk in
            _ = try await desk.register("a")
            _ = try await desk.register("b")
            let tamper = Statement(
                "test_tamper", derived: "update exchange_key set status = 'reduce_only' where label = 'b'")
            _ = try await desk.database.transaction { try await $0.query(tamper) }
            let body = #"{"selector": {"all": true}, "reason": "x", "expect_count": 2}"#
            let answer = try await desk.call("POST", "/v1/keys/revoke", body)
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.json["matched"]?.asInt == 2 && answer.json["revoked"]?.asInt == 1)
            #expect(answer.json["tampered_keys"]?.asArray?.count == 1)
            let events = try await desk.events()
            #expect(events.filter { $0.type == "key.revoked" }.count == 1)
            #expect(events.filter { $0.type == "key.tampered" }.count == 1)
        }
    }
}
