import Access
import Exchanges
import JSON
import Kernel
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct DecoyTests {
    private static let blind = Set(Permission.allCases).subtracting([.decoysRead, .decoysWrite])

    private static func body(_ label: String, _ exchange: String = "binance", _ more: String = "") -> String {
        #"""
        {"exchange": "\#(exchange)", "account": "main", "label": "\#(label)", "environment": "live",
         "permissions": ["read", "trade_spot"], "ip_allow_list": ["203.0.113.7"], "readable": true\#(more)}
        """#
    }

    private static func plant(_ desk: KeyDesk, _ exchange: String = "binance") async throws -> String {
        let made = try await desk.call("POST", "/v1/decoy-keys", body("bait", exchange))
        try #require(made.status == 201, "\(made.text)")
        return "/v1/keys/\(made.json["id"]?.asString ?? "")"
    }

    private static func touches(_ desk: KeyDesk) async throws -> [String?] {
        try await desk.events().filter { $0.type == "key.decoy.touched" }.map {
            $0.data["operation"]?.asString
        }
    }

    /// Names of members, all the way down.
    private static func shape(_ value: JSONValue) -> String {
        switch value {
        case .object(let object):
            "{\(object.members.map { "\($0.name):\(shape($0.value))" }.joined(separator: ","))}"
        case .array(let elements): "[\(elements.first.map(shape) ?? "")]"
        case .string: "s"
        case .number: "n"
        case .bool: "b"
        case .null: "0"
        }
    }

    @Test func `every exchange's decoy looks like a key of its own`() async throws {
        try await KeyDesk.run { desk in
            for exchange in Exchange.all {
                let environment = exchange.environments.contains(.live) ? "live" : "testnet"
                #expect(environment == "live")
                let path = try await Self.plant(desk, exchange.name.rawValue)
                let shown = try await desk.call("POST", path + "/reveal", #"{"reason": "a look"}"#)
                #expect(shown.status == 200, "\(exchange.name): \(shown.text)")
                let secret = shown.json["secret"]?.asString ?? ""
                #expect(secret.count >= 30)
                #expect((shown.json["passphrase"]?.asString != nil) == exchange.hasPassphrase)
            }
        }
    }

    @Test func `whoever may not know of decoys sees a key like any other, everywhere`() async throws {
        try await KeyDesk.run { desk in
            let decoy = try await Self.plant(desk)
            desk.exchange.says(200, RotationDesk.restrictions())
            let real = try await desk.call(
                "POST", "/v1/keys", Self.body("real", "binance", ", \(RotationDesk.credential("real"))"))
            let genuine = "/v1/keys/\(real.json["id"]?.asString ?? "")"
            var answers: [[String]] = [[], []]
            for (index, path) in [genuine, decoy].enumerated() {
                for (method, target, body) in [
                    ("GET", path, ""), ("POST", path + "/verify", "{}"), ("GET", path, ""),
                    ("GET", path + "/permissions", ""), ("GET", path + "/versions", ""),
                    ("POST", path + "/reveal", #"{"reason": "x"}"#), ("GET", path + "/rotations", ""),
                    ("POST", path + "/suspend", #"{"reason": "x"}"#),
                    ("POST", path + "/activate", ""), ("POST", path + "/revoke", #"{"reason": "x"}"#),
                    ("POST", path + "/reveal", #"{"reason": "x"}"#),
                ] {
                    let answer = try await desk.call(method, target, body, with: Self.blind)
                    answers[index].append("\(answer.status) \(Self.shape(answer.json))")
                    #expect(!answer.text.contains("decoy"), "\(answer.text)")
                }
            }
            #expect(answers[0] == answers[1])
            let list = try await desk.call("GET", "/v1/keys", with: Self.blind)
            #expect(!list.text.contains("decoy"))
            #expect(try await desk.call("GET", "/v1/keys?decoy=true", with: Self.blind).status == 403)
            let known = try await desk.call("GET", "/v1/keys?decoy=true")
            #expect(known.json["data"]?.asArray?.count == 1 && known.json["data"]?[0]?["decoy"] == true)
            // Nothing of the trail tells which was which.
            let trail = try await desk.trail()
            #expect(!trail.isEmpty && !trail.contains("decoy"))
        }
    }

    @Test func `every use of a decoy is told once, and nothing is sent`() async throws {
        try await KeyDesk.run { desk in
            let path = try await Self.plant(desk)
            #expect(try await Self.touches(desk) == [])
            _ = try await desk.call("GET", path)
            _ = try await desk.call("POST", path + "/suspend", #"{"reason": "x"}"#)
            _ = try await desk.call("POST", path + "/activate")
            #expect(try await Self.touches(desk) == [])
            let verified = try await desk.call("POST", path + "/verify")
            #expect(verified.json["status"] == "active", "\(verified.text)")
            let shown = try await desk.call("POST", path + "/reveal", #"{"reason": "x"}"#)
            let (apiKey, secret) = (
                shown.json["api_key"]?.asString ?? "", shown.json["secret"]?.asString ?? ""
            )
            let repeated = try await desk.call(
                "POST", "/v1/keys",
                Self.body(
                    "mine", "binance", #", "credential": {"api_key": "\#(apiKey)", "secret": "\#(secret)"}"#))
            #expect(repeated.json["code"] == "duplicate_secret", "\(repeated.text)")
            #expect(try await Self.touches(desk) == ["verify", "reveal", "register"])
            #expect(desk.exchange.paths.isEmpty, "\(desk.exchange.paths)")
            #expect(desk.exchange.pauses.count == 1)
        }
    }

    @Test func `a decoy's secret is told of however it is brought, also when nothing is registered`()
        async throws
    {
        try await KeyDesk.run { desk in
            let bait = RotationDesk.credential("bait")
            let made = try await desk.call(
                "POST", "/v1/decoy-keys", Self.body("own", "binance", ", \(bait)"))
            #expect(made.status == 201, "\(made.text)")
            let found = Self.body("found", "binance", ", \(bait)")
            for isDryRun in [true, false] {
                let told = try await desk.call(
                    "POST", "/v1/keys/import", #"{"dry_run": \#(isDryRun), "entries": [\#(found)]}"#)
                #expect(told.json["data"]?[0]?["verdict"] == "duplicate_secret", "\(told.text)")
            }
            #expect(try await Self.touches(desk) == ["register", "register"])
            let twice = Self.body("twice", "binance", #", "allow_duplicate": true, \#(bait)"#)
            #expect(try await desk.call("POST", "/v1/keys", twice).status == 201)
            #expect(try await Self.touches(desk).count == 3)
            // Beside a real key, nothing is told.
            let real = RotationDesk.credential("real")
            for label in ["one", "two"] {
                let body = Self.body(label, "binance", #", "allow_duplicate": true, \#(real)"#)
                #expect(try await desk.call("POST", "/v1/keys", body).status == 201)
            }
            #expect(try await Self.touches(desk).count == 3)
        }
    }

    @Test func `a decoy's answer takes as long as real ones did`() {
        let delays = AnswerDelays()
        let usual = (0..<100).map { _ in delays.sample(.system) }
        #expect(usual.allSatisfy { (80_000_000...400_000_000).contains($0) } && Set(usual).count > 50)
        for number in 0..<200 { delays.note(UInt64(1_000 + number)) }
        let heard = (0..<1_000).map { _ in delays.sample(.system) }
        #expect(heard.allSatisfy { (1_136..<1_200).contains($0) } && Set(heard).count > 30)
    }

    @Test func `jobs leave decoys alone, and a revoked one is gone at its exchange`() async throws {
        try await KeyDesk.run { desk in
            let path = try await Self.plant(desk)
            _ = try await desk.call("POST", path + "/verify")
            desk.time.move(.days(1))
            #expect(try await desk.runJob("key-probe", counting: "probed") == 1)
            #expect(try await Self.touches(desk) == ["verify"])
            _ = try await desk.call("POST", path + "/revoke", #"{"reason": "x"}"#)
            desk.time.move(.days(1))
            _ = try await desk.runJob("key-deletion", counting: "requests")
            let deletion = try await desk.call("GET", "/v1/key-deletions").json["data"]?[0]
            #expect(deletion?["state"] == "proven", "\(String(describing: deletion))")
            #expect(desk.exchange.paths.isEmpty)
        }
    }

    @Test func `who writes to the database cannot make bait of a key, or a key of bait`() async throws {
        try await KeyDesk.run { desk in
            let path = try await Self.plant(desk)
            try await desk.run("update exchange_key set decoy = not decoy")
            #expect(try await desk.call("POST", path + "/verify").json["code"] == "key_tampered")
        }
    }

    @Test func `a decoy is imported or invented, and never a pair that waits`() async throws {
        try await KeyDesk.run { desk in
            let own = try await desk.call(
                "POST", "/v1/decoy-keys", Self.body("own", "binance", ", \(RotationDesk.credential("own"))"))
            #expect(own.status == 201 && own.json["decoy"] == true, "\(own.text)")
            let pair = try await desk.call(
                "POST", "/v1/decoy-keys",
                Self.body("pair", "binance", #", "credential": {"generate": true, "kind": "ed25519"}"#))
            #expect(pair.status == 422 && pair.text.contains("/credential"), "\(pair.text)")
        }
    }
}
