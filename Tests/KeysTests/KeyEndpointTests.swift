import Access
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct KeyEndpointTests {
    private static let full = """
        "owner_id": "\(KeyDesk.colleague)", "tags": ["market-making"], "permissions": ["read", "trade_spot"],
        "ip_allow_list": ["203.0.113.7", "10.1.0.0/16"], "expires_at": null,
        "secret_created_at": "2025-09-01T00:00:00Z", "readable": false,
        "rotation": {"every": "90d", "remind_before": ["14d", "3d"]}
        """

    @Test func `a registered key is answered in full, and read back the same`() async throws {
        try await KeyDesk.run { desk in
            let created = try await desk.call("POST", "/v1/keys", KeyDesk.draft("mm-btc spot", Self.full))
            #expect(created.status == 201, "\(created.text)")
            let id = try #require(created.json["id"]?.asString)
            let path = "/v1/keys/\(id)"
            #expect(created.response.head[.location] == path)
            #expect(created.etag == "\"1\"")
            let expected = """
                {"id":"\(id)","exchange":"binance","account":"main","label":"mm-btc spot",\
                "environment":"live","owner_id":"\(KeyDesk.colleague)","tags":["market-making"],\
                "permissions":["read","trade_spot"],\
                "ip_allow_list":["203.0.113.7","10.1.0.0/16"],"status":"active","status_reason":null,\
                "status_changed_at":"2026-01-05T08:00:00.000Z","expires_at":null,\
                "secret_created_at":"2025-09-01T00:00:00.000Z","rotation":{"every":"90d",\
                "remind_before":["14d","3d"],"due_at":"2025-11-30T00:00:00.000Z","overdue":true},\
                "egress_address":null,"passphrase_disclosable":false,"readable":false,\
                "fingerprint":null,"current_version":null,"versions":[],\
                "policy_version":0,"away_mode":false,"handed_out_until":null,\
                "created_at":"2026-01-05T08:00:00.000Z","created_by":"\(desk.me)",\
                "updated_at":"2026-01-05T08:00:00.000Z","revision":1,"decoy":false}
                """
            #expect(created.text == expected)
            let read = try await desk.call("GET", path)
            #expect(read.status == 200)
            #expect(read.text == expected)
            #expect(read.etag == "\"1\"")
            let events = try await desk.events()
            #expect(events.map(\.type) == ["key.registered"])
            #expect(events[0].data["owner_id"]?.asString == "\(KeyDesk.colleague)")
            #expect(events[0].data["permissions"] == ["read", "trade_spot"])
        }
    }

    @Test func `every mistake of a body is reported at once`() async throws {
        try await KeyDesk.run { desk in
            let body = """
                {"exchange": "binanse", "account": " ", "environment": "live", "owner_id": "nobody",
                "tags": ["ok", "Not", "ok"], "permissions": ["read", "read"],
                "ip_allow_list": ["10.1.0.1/16"],
                "expires_at": "soon", "secret_created_at": "2026-01-06T00:00:00Z",
                "rotation": {"every": "3d", "remind_before": ["14d"]}, "credential": {}, "lable": "x"}
                """
            let answer = try await desk.call("POST", "/v1/keys", body)
            #expect(answer.status == 422)
            #expect(answer.code == "validation_failed")
            #expect(
                Set(answer.pointers) == [
                    "/exchange", "/account", "/label", "/owner_id", "/tags/1", "/permissions/1",
                    "/ip_allow_list/0", "/expires_at", "/secret_created_at", "/rotation/remind_before/0",
                    "/credential/api_key", "/credential/secret", "/lable",
                ])
            #expect(try await desk.events().isEmpty)
        }
    }

    @Test func `an owner must be an active principal`() async throws {
        try await KeyDesk.run { desk in
            let stranger = UserID(UUID(high: 1, low: 2))
            let answer = try await desk.call(
                "POST", "/v1/keys", KeyDesk.draft("a", #""owner_id": "\#(stranger)""#))
            #expect(answer.status == 422)
            #expect(answer.pointers == ["/owner_id"])
        }
    }

    @Test func `labels are unique among keys that are not revoked, in every spelling`() async throws {
        try await KeyDesk.run { desk in
            let first = try await desk.register("caf\u{E9}")
            let second = try await desk.call("POST", "/v1/keys", KeyDesk.draft("cafe\u{301}"))
            #expect(second.status == 409)
            #expect(second.code == "already_exists")
            _ = try await desk.call("POST", "\(first)/revoke", #"{"reason": "old"}"#)
            _ = try await desk.register("cafe\u{301}")
        }
    }

    @Test func `a change needs the revision that it is based on, and names what it changed`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a", #""expires_at": "2026-06-01T00:00:00Z""#)
            let change = #"{"tags": ["btc"], "expires_at": null, "label": "a"}"#
            #expect(try await desk.call("PATCH", path, change).status == 428)
            #expect(try await desk.call("PATCH", path, change, match: "\"2\"").status == 412)
            desk.time.move(.minutes(1))
            let changed = try await desk.call("PATCH", path, change, match: "\"1\"")
            #expect(changed.status == 200, "\(changed.text)")
            #expect(changed.etag == "\"2\"")
            #expect(changed.json["tags"] == ["btc"])
            #expect(changed.json["expires_at"] == .null)
            #expect(changed.json["updated_at"]?.asString == "2026-01-05T08:01:00.000Z")
            #expect(try await desk.call("PATCH", path, change, match: "\"1\"").status == 412)
            let same = try await desk.call("PATCH", path, change, match: "\"2\"")
            #expect(same.etag == "\"2\"")
            let events = try await desk.events()
            #expect(events.map(\.type) == ["key.registered", "key.changed"])
            #expect(events.last?.data["changed"] == ["tags", "expires_at"])
            let permissions = try #require(events.first?.data["permissions"])
            #expect(events.last?.data["permissions"] == permissions)
        }
    }

    @Test func `null clears only what may be missing`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a")
            let answer = try await desk.call(
                "PATCH", path,
                #"{"label": null, "tags": null, "owner_id": null, "rotation": null, "account": "x"}"#,
                match: "\"1\"")
            #expect(answer.status == 422)
            #expect(Set(answer.pointers) == ["/label", "/tags", "/owner_id", "/account"])
            #expect(try await desk.call("PATCH", path, "{}", match: "\"1\"").status == 422)
        }
    }

    @Test func `of two changes at once, one is told that it came late`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let desk = try await KeyDesk(database)
            let path = try await desk.register("a")
            let other = Task {
                _ = worker
                return try await desk.call("PATCH", path, #"{"tags": ["one"]}"#, match: "\"1\"").status
            }
            let mine = try await desk.call("PATCH", path, #"{"tags": ["two"]}"#, match: "\"1\"").status
            let statuses = try await [mine, other.value]
            #expect(statuses.sorted() == [200, 412])
            #expect(try await desk.call("GET", path).etag == "\"2\"")
        }
    }

    @Test func `a key is suspended, resumed and revoked for good`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a", #""rotation": {"every": "1d"}"#)
            desk.time.move(.days(2))
            let suspended = try await desk.call("POST", "\(path)/suspend", #"{"reason": "odd orders"}"#)
            #expect(suspended.json["status"]?.asString == "suspended")
            #expect(suspended.json["status_reason"]?.asString == "odd orders")
            #expect(try await desk.call("POST", "\(path)/suspend", #"{"reason": "again"}"#).etag == "\"2\"")
            #expect(try await desk.call("POST", "\(path)/activate").json["status"]?.asString == "active")
            #expect(try await desk.call("POST", "\(path)/revoke", match: "\"1\"").status == 415)
            let late = try await desk.call("POST", "\(path)/revoke", #"{"reason": "x"}"#, match: "\"1\"")
            #expect(late.status == 412)
            let revoked = try await desk.call("POST", "\(path)/revoke", #"{"reason": "laptop stolen"}"#)
            #expect(revoked.json["status"]?.asString == "revoked")
            #expect(revoked.json["handed_out_until"]?.asString == "2026-01-07T08:01:01.000Z")
            #expect(revoked.json["rotation"]?["overdue"] == .bool(false))
            let again = try await desk.call("POST", "\(path)/revoke", #"{"reason": "other"}"#)
            #expect(again.json["status_reason"]?.asString == "laptop stolen")
            #expect(try await desk.call("POST", "\(path)/activate").code == "conflict")
            #expect(try await desk.call("POST", "\(path)/suspend", #"{"reason": "x"}"#).code == "conflict")
            #expect(try await desk.call("PATCH", path, #"{"label": "b"}"#, match: "\"4\"").code == "conflict")
            #expect(
                try await desk.events().map(\.type) == [
                    "key.registered", "key.suspended", "key.activated", "key.revoked",
                ])
        }
    }

    @Test func `whoever changes a key's status moves authority`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a")
            let before = try await desk.database.query(Authority.readEpoch)[0].int64(0)
            _ = try await desk.call("POST", "\(path)/revoke", #"{"reason": "x"}"#)
            _ = try await desk.call("POST", "\(path)/revoke", #"{"reason": "x"}"#)
            #expect(try await desk.database.query(Authority.readEpoch)[0].int64(0) == before + 1)
        }
    }

    @Test(arguments: ["key_0000000000000000000000000a", "nothing", "usr_0000000000000000000000000a"])
    func `an unknown key is not found`(id: String) async throws {
        try await KeyDesk.run { desk in
            let path = "/v1/keys/\(id)"
            let answers = [
                try await desk.call("GET", path),
                try await desk.call("PATCH", path, #"{"label": "b"}"#, match: "\"1\""),
                try await desk.call("POST", "\(path)/activate"),
            ]
            #expect(answers.map(\.code) == ["not_found", "not_found", "not_found"])
        }
    }

    @Test func `the exchanges are those that a key may name`() async throws {
        try await KeyDesk.run { desk in
            let answer = try await desk.call("GET", "/v1/exchanges")
            let names = answer.json["data"]?.asArray?.compactMap { $0["name"]?.asString }
            #expect(names == ExchangeName.allCases.map(\.rawValue))
            // Everything that an adapter knows: where requests go, and how they are signed there.
            for exchange in answer.json["data"]?.asArray ?? [] {
                let environments = Set(
                    exchange["hosts"]?.asArray?.compactMap { $0["environment"]?.asString } ?? [])
                let named = exchange["environments"]?.asArray?.compactMap(\.asString) ?? []
                #expect(environments == Set(named), "\(exchange)")
                #expect(exchange["recipes"]?[0]?["documentation"]?.asString?.hasPrefix("https://") == true)
                #expect(exchange["offers"]?.asArray?.contains("probe") == true)
                #expect(exchange["time_request"]?.asString?.hasPrefix("GET ") == true)
                #expect(exchange["instrument_requests"]?.asArray?.isEmpty == false)
                #expect(exchange["routes"] == .null)
            }
            let bybit = answer.json["data"]?.asArray?.first { $0["name"] == "bybit" }
            #expect(
                bybit?["instrument_requests"]?[1]
                    == "GET main /v5/market/instruments-info?category=linear&limit=1000")
            let passed = answer.json["passed_headers"]
            #expect(passed?["towards"]?.asArray?.contains("cb-version") == true)
            #expect(passed?["back"]?.asArray?.contains("x-mbx-used-weight*") == true)
        }
    }

    @Test func `a route tells which parameters it knows, and where they may stand`() async throws {
        try await KeyDesk.run { desk in
            let answer = try await desk.call("GET", "/v1/exchanges?routes=true")
            func route(_ exchange: String, _ method: String, _ path: String) throws -> JSONValue {
                let found = answer.json["data"]?.asArray?.first { $0["name"]?.asString == exchange }
                return try #require(
                    found?["routes"]?.asArray?.first {
                        $0["method"]?.asString == method && $0["path"]?.asString == path
                    })
            }
            let order = try route("binance", "POST", "/api/v3/order")
            for part in ["query", "body"] {
                let names = order["parameters"]?[part]?.asArray ?? []
                #expect(names.contains("newClientOrderId") && names.contains("symbol"), "\(order)")
                #expect(!names.contains("timestamp"))
            }
            #expect(order["required"]?.asArray?.contains("side") == true)
            let cancel = try route("bybit", "POST", "/v5/order/create")
            #expect(cancel["parameters"]?["query"] == [])
            #expect(cancel["parameters"]?["body"]?.asArray?.contains("orderLinkId") == true)
            let read = try route("binance", "GET", "/api/v3/account")
            #expect(read["parameters"] == .null && read["required"] == .null)
        }
    }

    @Test func `a weak tag is refused with words that say what to send`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a")
            for tag in ["W/\"1\"", "W/\"9\""] {
                let answer = try await desk.call("PATCH", path, #"{"label": "b"}"#, match: tag)
                #expect(answer.status == 412)
                #expect(answer.json["detail"]?.asString?.contains("without W/") == true, "\(answer.text)")
                #expect(answer.json["detail"]?.asString?.contains("\"1\"") == true, "\(answer.text)")
            }
            // A strong one beside it counts.
            let answer = try await desk.call("PATCH", path, #"{"label": "b"}"#, match: "W/\"1\", \"1\"")
            #expect(answer.status == 200, "\(answer.text)")
        }
    }
}
