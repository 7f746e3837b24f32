import Access
import Exchanges
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct ProbeTests {
    private static let credential =
        #""credential": {"api_key": "api-key-of-the-desk", "secret": "the-secret-of-the-desk"}"#

    /// What Binance answers to `GET /sapi/v1/account/apiRestrictions`.
    private static func restrictions(withdrawals: Bool = false, bound: Bool = true) -> String {
        """
        {"ipRestrict":\(bound),"createTime":1698645219000,"enableReading":true,\
        "enableWithdrawals":\(withdrawals),\
        "enableInternalTransfer":false,"enableMargin":false,"enableFutures":false,\
        "permitsUniversalTransfer":false,"enableVanillaOptions":false,"enableFixApiTrade":false,\
        "enableFixReadOnly":false,"enableSpotAndMarginTrading":true,"enablePortfolioMarginTrading":false}
        """
    }

    private static func key(_ desk: KeyDesk, _ more: String = "") async throws -> String {
        try await desk.register(
            "a", #""permissions": ["read", "trade_spot"], \#(more)"# + credential)
    }

    @Test func `a key that the exchange confirms leaves quarantine`() async throws {
        try await KeyDesk.run { desk in
            let path = try await Self.key(desk)
            desk.exchange.says(200, Self.restrictions())
            let told = try await desk.call("POST", path + "/verify")
            #expect(told.status == 200, "\(told.text)")
            #expect(told.json["status"]?.asString == "active", "\(told.text)")
            #expect(told.json["outcome"]?.asString == "confirmed")
            #expect(told.json["permissions"]?["at_the_exchange"]?.asArray?.isEmpty == false)
            let key = try await desk.call("GET", path)
            #expect(key.json["status"]?.asString == "active")
            #expect(key.json["versions"]?[0]?["verified_at"]?.asString != nil)
            #expect(try await desk.call("GET", path + "/permissions").text == told.text)
        }
    }

    @Test func `a key with risks stays until somebody answers for them`() async throws {
        try await KeyDesk.run { desk in
            let path = try await Self.key(desk)
            desk.exchange.says(200, Self.restrictions(withdrawals: true, bound: false))
            let told = try await desk.call("POST", path + "/verify")
            #expect(told.json["status"]?.asString == "quarantined", "\(told.text)")
            #expect(told.json["risks"] == ["withdraw", "no_address_restriction"])
            #expect(told.json["permissions"]?["drift"]?.asArray?.contains("permission:withdraw") == true)
            let accepted = try await desk.call(
                "POST", path + "/verify", #"{"accept_risks": "the treasury's own key"}"#)
            #expect(accepted.json["status"]?.asString == "active", "\(accepted.text)")
            #expect(accepted.json["risks_accepted"]?.asString == "the treasury's own key")
            // The same drift is told once.
            #expect(try await desk.events().filter { $0.type == "key.drifted" }.count == 1)
        }
    }

    @Test func `a refusal, silence and rubbish are facts, and change no status`() async throws {
        try await KeyDesk.run { desk in
            let path = try await Self.key(desk)
            for (status, body, outcome) in [
                (400, #"{"code":-2008,"msg":"Invalid Api-Key ID."}"#, "key_refused"),
                (429, "{}", "throttled"), (200, "<html>", "unintelligible"), (503, "", "unreachable"),
            ] {
                desk.exchange.says(status, body)
                let told = try await desk.call("POST", path + "/verify")
                #expect(told.status == 200)
                #expect(told.json["outcome"]?.asString == outcome, "\(told.text)")
                #expect(told.json["status"]?.asString == "quarantined")
            }
            desk.exchange.isAway()
            #expect(
                try await desk.call("POST", path + "/verify").json["outcome"]?.asString == "unreachable")
            let types = try await desk.events().map(\.type)
            #expect(types.filter { $0 == "key.refused" }.count == 1)
        }
    }

    @Test func `an exchange that is away three times in a row is an event`() async throws {
        try await KeyDesk.run { desk in
            let path = try await Self.key(desk)
            for count in [0, 0, 1, 1] {
                _ = try await desk.call("POST", path + "/verify")
                let told = try await desk.events().filter { $0.type == "key.unreachable" }
                #expect(told.count == count)
            }
        }
    }

    @Test func `an answer that holds the secret is not stored`() async throws {
        try await KeyDesk.run { desk in
            let path = try await Self.key(desk)
            desk.exchange.says(
                200, Self.restrictions().dropLast() + #","echo":"the-secret-of-the-desk"}"#)
            let told = try await desk.call("POST", path + "/verify")
            #expect(told.json["outcome"]?.asString == "unintelligible", "\(told.text)")
            #expect(!told.text.contains("the-secret-of-the-desk"))
            let rows = Statement(
                "test_raw", "select count(*) from key_probe where raw::text like '%the-secret-of-the-desk%'")
            #expect(try await desk.database.query(rows).first?.int(0) == 0)
        }
    }

    @Test func `a suspended key and a key without a secret are not asked about`() async throws {
        try await KeyDesk.run { desk in
            let bare = try await desk.register("bare")
            #expect(try await desk.call("POST", bare + "/verify").status == 409)
            let path = try await Self.key(desk)
            _ = try await desk.call("POST", path + "/suspend", #"{"reason": "x"}"#)
            #expect(try await desk.call("POST", path + "/verify").status == 409)
        }
    }

    @Test func `a key is asked about again on its own, and a suspended one is not`() async throws {
        try await KeyDesk.run { desk in
            let path = try await Self.key(desk)
            #expect(try await desk.runJob("key-probe", counting: "probed") == 0)
            _ = try await desk.call("POST", path + "/verify")
            #expect(try await desk.runJob("key-probe", counting: "probed") == 0)
            desk.exchange.says(200, Self.restrictions())
            desk.time.move(.minutes(60))
            #expect(try await desk.runJob("key-probe", counting: "probed") == 1)
            #expect(try await desk.call("GET", path).json["status"]?.asString == "active")
            #expect(try await desk.runJob("key-probe", counting: "probed") == 0)
            _ = try await desk.call("POST", path + "/suspend", #"{"reason": "x"}"#)
            desk.time.move(.days(1))
            #expect(try await desk.runJob("key-probe", counting: "probed") == 0)
        }
    }

    @Test func `one run asks about many keys, and leaves an exchange alone that is not there`() async throws {
        try await KeyDesk.run { desk in
            for number in 0..<12 {
                let credential =
                    #""credential": {"api_key": "api-key-\#(number)", "secret": "the-secret-of-\#(number)"}"#
                let path = try await desk.register(
                    "key \(number)", #""permissions": ["read", "trade_spot"], "# + credential)
                _ = try await desk.call("POST", path + "/verify")
            }
            try await desk.run("update key_probe set next_at = '2020-01-01'")
            desk.exchange.isAway()
            #expect(try await desk.runJob("key-probe", counting: "probed") == 1)
            desk.exchange.says(200, Self.restrictions())
            #expect(try await desk.runJob("key-probe", counting: "probed") == 11)
        }
    }

    @Test func `many keys are asked about spread over the period, never in a burst`() {
        let now = Timestamp.testStart
        var random = SystemRandomNumberGenerator()
        let times = (0..<500).map { _ in
            let id = ExchangeKeyID(UUID(high: random.next(), low: random.next()))
            return ProbeSchedule.next(for: id, failures: 0, after: now)
        }
        #expect(times.allSatisfy { $0 >= now + .minutes(270) && $0 <= now + .minutes(450) })
        // 180 minutes for 500 keys: not more than a few of them in any minute.
        let perMinute = Dictionary(grouping: times) { ($0 - now).microseconds / 60_000_000 }
        #expect((perMinute.values.map(\.count).max() ?? 0) < 25)
        let id = ExchangeKeyID(UUID(high: 1, low: 0))
        let watched = ProbeSchedule.next(for: id, failures: 0, isWatched: true, after: now)
        #expect(watched > now + .minutes(10) && watched < now + .minutes(20))
        let retries = (1...8).map { ProbeSchedule.next(for: id, failures: $0, after: now) }
        #expect(retries == retries.sorted() && retries[0] < now + .minutes(10))
    }

    @Test func `an account in whose mode marks count is asked about often`() {
        var told = ProbedPermissions([])
        for (mode, isWatched) in [(nil, false), ("1", false), ("2", true), ("3", true), ("4", false)] {
            told.accountMode = mode
            #expect(ProbeOutcome.confirmed(told).decidesMarks(of: .okx) == isWatched, "\(mode ?? "none")")
        }
        #expect(!ProbeOutcome.unreachable("a storm").decidesMarks(of: .okx))
    }

    // MARK: Several hosts

    private static let spot = "/api/v3/account"
    private static let futures = "/fapi/v3/account"
    private static let refused = #"{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}"#
    private static let futuresAccount = #"{"totalWalletBalance":"1.0","assets":[],"positions":[]}"#

    private static func testnetKey(_ desk: KeyDesk) async throws -> String {
        let made = try await desk.call(
            "POST", "/v1/keys",
            """
            {"exchange": "binance", "account": "main", "environment": "testnet", "label": "a",
            "permissions": ["read", "trade_derivatives"], \(credential)}
            """)
        return "/v1/keys/\(made.json["id"]?.asString ?? "")"
    }

    @Test func `a key of a futures test network is confirmed there, and its permissions are not known`()
        async throws
    {
        try await KeyDesk.run { desk in
            let path = try await Self.testnetKey(desk)
            desk.exchange.says(401, Self.refused, to: Self.spot)
            desk.exchange.says(200, Self.futuresAccount, to: Self.futures)
            let told = try await desk.call("POST", path + "/verify")
            #expect(told.json["outcome"] == "confirmed" && told.json["status"] == "active", "\(told.text)")
            #expect(told.json["permissions"]?["at_the_exchange"] == .null, "\(told.text)")
            #expect(told.json["permissions"]?["drift"] == [])
            #expect(desk.exchange.paths == [Self.spot, Self.futures])
        }
    }

    @Test func `the next host is asked only when one refuses the key`() async throws {
        try await KeyDesk.run { desk in
            let path = try await Self.testnetKey(desk)
            desk.exchange.says(200, #"{"canTrade":true}"#, to: Self.spot)
            #expect(try await desk.call("POST", path + "/verify").json["outcome"] == "confirmed")
            desk.exchange.says(503, "", to: Self.spot)
            #expect(try await desk.call("POST", path + "/verify").json["outcome"] == "unreachable")
            #expect(desk.exchange.paths == [Self.spot, Self.spot])
            desk.exchange.says(401, Self.refused)
            desk.exchange.says(401, Self.refused, to: Self.spot)
            let told = try await desk.call("POST", path + "/verify")
            #expect(told.json["outcome"] == "key_or_address_refused", "\(told.text)")
            // What one host does not say, the other may: then nothing is known.
            desk.exchange.says(503, "", to: Self.futures)
            #expect(try await desk.call("POST", path + "/verify").json["outcome"] == "unreachable")
        }
    }

    @Test func `that a key is gone is proven by all hosts together`() async throws {
        try await KeyDesk.run { desk in
            let path = try await Self.testnetKey(desk)
            _ = try await desk.call("POST", path + "/revoke", #"{"reason": "lost"}"#)
            let noKey = #"{"code":-2008,"msg":"Invalid Api-Key ID."}"#
            for (first, second, state) in [
                (noKey, Self.refused, "due"), (Self.refused, noKey, "due"), (noKey, noKey, "proven"),
            ] {
                desk.exchange.says(400, first, to: Self.spot)
                desk.exchange.says(400, second, to: Self.futures)
                let told = try await desk.call("POST", path + "/versions/1/deletion/check")
                #expect(told.json["state"]?.asString == state, "\(told.text)")
            }
        }
    }
}
