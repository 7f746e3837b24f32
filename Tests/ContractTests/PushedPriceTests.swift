import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// Prices for policy that somebody pushes: whose count, for how long, and what a step does.
struct PushedPriceTests {
    @Test func `a marked series prices its token where the exchange tells nothing`() async throws {
        try await Self.open { desk in
            let analyst = try await desk.premises.join("analyst", .analyst, by: desk.owner)
            #expect(try await desk.reason(2_500) == Desk.none)
            try await desk.push(2_500, as: analyst.token)
            #expect(try await desk.reason(2_500) == Desk.none, "it is not marked yet")
            let id = try await desk.mark()
            try await desk.push(2_500, as: analyst.token)
            try await desk.awaitVerdict("allowed", of: 2_550)
            let near = try await desk.tried(2_550)
            #expect(near["verdict"] == "allowed", "\(near)")
            #expect(near["prices"]?[0]?["kind"] == "pushed" && near["prices"]?[0]?["price"] == "2500")
            #expect(near["prices"]?[0]?["price_source_id"]?.asString == id)
            #expect(try await desk.reason(2_600)?.hasPrefix("2600 is more than 3 % away from 2500") == true)
            let source = try await desk.call("GET", "/v1/price-sources/\(id)")
            #expect(source.json["newest"]?["pushed_by"]?.asString == analyst.id, "\(source.text)")
            #expect(try await desk.call("DELETE", "/v1/price-sources/\(id)").status == 204)
            #expect(try await desk.tried(2_550)["verdict"] == "denied")
        }
    }

    @Test func `what somebody pushes who may use keys is no price`() async throws {
        try await Self.open { desk in
            let id = try await desk.mark()
            let analyst = try await desk.premises.join("analyst", .analyst, by: desk.owner)
            let bot = try await desk.premises.join("trader-bot", .bot, by: desk.owner)
            let (admin, managed) = try await desk.feeders()
            for token in [desk.owner.token, bot.token, managed] {
                try await desk.push(2_500, as: token)
                #expect(try await desk.newest(id) == nil)
                #expect(try await desk.reason(2_500) == Desk.none)
            }
            try await desk.push(2_500, as: admin)
            try await desk.awaitVerdict("allowed", of: 2_550)
            try await desk.push(2_510, as: analyst.token)
            #expect(try await desk.newest(id) == "2510")
            // It cannot move the price, nor take it away.
            try await desk.push(2_900, as: bot.token)
            #expect(try await desk.newest(id) == "2510")
            #expect(try await desk.tried(2_550)["verdict"] == "allowed")
        }
    }

    @Test func `whoever is granted the use of keys has pushed nothing`() async throws {
        try await Self.open { desk in
            try await desk.mark()
            let analyst = try await desk.premises.join("analyst", .analyst, by: desk.owner)
            try await desk.push(2_500, as: analyst.token)
            #expect(try await desk.tried(2_550)["verdict"] == "allowed")
            let granted = try await desk.call(
                "POST", "/v1/grants", ["principal_id": .string(analyst.id), "role": "trader", "on": [:]])
            #expect(granted.status == 201, "\(granted.text)")
            try await desk.awaitVerdict("denied", of: 2_550)
        }
    }

    @Test func `a step of more than a fifth suspends a series, and is told`() async throws {
        try await Self.open { desk in
            let id = try await desk.mark()
            let analyst = try await desk.premises.join("analyst", .analyst, by: desk.owner)
            try await desk.push(2_500, as: analyst.token)
            try await desk.push(3_001, as: analyst.token)
            let source = try await desk.call("GET", "/v1/price-sources/\(id)")
            #expect(source.json["state"] == "suspended", "\(source.text)")
            #expect(
                source.json["suspension"]?["from"] == "2500" && source.json["suspension"]?["to"] == "3001")
            #expect(try await desk.tried(3_001)["verdict"] == "denied")
            let events = try await desk.call("GET", "/v1/events?type=price_source.suspended")
            #expect(events.json["data"]?[0]?["data"]?["price_source_id"]?.asString == id, "\(events.text)")
            // What comes next is kept, and counts only when somebody has looked.
            try await desk.push(3_010, as: analyst.token)
            #expect(try await desk.tried(3_010)["verdict"] == "denied")
            // So it is when the price was read anew since, too.
            let name = try #require(source.json["name"]?.asString)
            await desk.reactor.sleep(nanoseconds: 3_000_000_000)
            _ = try await desk.tried(3_010)
            #expect(try await desk.reason(3_010)?.contains("\(name) is suspended") == true)
            let resumed = try await desk.call(
                "POST", "/v1/price-sources/\(id)/resume", ["reason": "The market rose."])
            #expect(resumed.json["state"] == "active", "\(resumed.text)")
            try await desk.awaitVerdict("allowed", of: 3_010)
        }
    }

    @Test func `only a series that is there is marked, once, of minutes`() async throws {
        try await Self.open { desk in
            let unknown: [(JSONValue, pointer: String)] = [
                (["token": "NONE", "source": "feed", "interval": "1m"], "/token"),
                (["token": "ETH", "source": "none", "interval": "1m"], "/source"),
                (["token": "ETH", "source": "feed", "interval": "5m"], "/source"),
                (["token": "ETH", "source": "feed", "interval": "1h"], "/interval"),
            ]
            try await desk.push(2_500, as: desk.owner.token)
            for (body, pointer) in unknown {
                let refused = try await desk.call("POST", "/v1/price-sources", body)
                #expect(refused.status == 422 && refused.pointers == [pointer], "\(refused.text)")
            }
            try await desk.mark()
            let again = try await desk.call("POST", "/v1/price-sources", Desk.series)
            #expect(again.code == "already_exists", "\(again.text)")
        }
    }

    @Test func `an hour's candle, and one of long ago, are no prices`() async throws {
        try await Self.open { desk in
            let id = try await desk.mark()
            let analyst = try await desk.premises.join("analyst", .analyst, by: desk.owner)
            try await desk.push(2_500, as: analyst.token, minutesAgo: 30)
            #expect(try await desk.newest(id) == nil)
            try await desk.push(2_600, as: analyst.token)
            #expect(try await desk.newest(id) == "2600")
            // Older than what is known.
            try await desk.push(2_700, as: analyst.token, minutesAgo: 2)
            #expect(try await desk.newest(id) == "2600")
        }
    }
}

// MARK: A desk whose exchange has gone silent

extension PushedPriceTests {
    fileprivate struct Desk {
        static let none = "there is no price for policy of ETHUSDT under 5 minutes old"
        static let series: JSONValue = ["token": "ETH", "source": "feed", "interval": "1m"]

        let premises: Premises
        let reactor: Reactor
        let owner: Person
        let key: String

        nonisolated(nonsending) func call(
            _ method: String, _ path: String, _ body: JSONValue? = nil
        ) async throws -> TestAnswer {
            try await premises.call(
                method, path, as: owner.token,
                body: body.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "")
        }

        /// A purchase of ETHUSDT at this limit, as it would be judged.
        nonisolated(nonsending) func tried(_ price: Int) async throws -> JSONValue {
            try await tried("ETHUSDT", price)
        }

        nonisolated(nonsending) func tried(_ symbol: String, _ price: Int) async throws -> JSONValue {
            let query = "symbol=\(symbol)&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=\(price)"
            return try await call(
                "POST", "/v1/keys/\(key)/sign/dry-run",
                ["method": "POST", "host": "spot", "path": "/api/v3/order", "query": .string(query)]
            ).json
        }

        /// Why it would be denied.
        nonisolated(nonsending) func reason(_ price: Int) async throws -> String? {
            let clauses = try await tried(price)["clauses"]?.asArray ?? []
            return clauses.first { $0["verdict"] == "denied" }?["reason"]?.asString
        }

        /// Prices of series are asked for every two seconds.
        nonisolated(nonsending) func awaitVerdict(_ verdict: String, of price: Int) async throws {
            for _ in 0..<600 {
                if try await tried(price)["verdict"]?.asString == verdict { return }
                await reactor.sleep(nanoseconds: 100_000_000)
            }
            Issue.record("not \(verdict) after a minute")
        }

        nonisolated(nonsending) func push(
            _ close: Int, as token: String, minutesAgo: Int64 = 1
        ) async throws {
            let minute = premises.host.shared.clock.now().seconds / 60 * 60
            let open = Timestamp(seconds: minute - 60 * minutesAgo)
            let answer = try await premises.call(
                "POST", "/v1/candles?source=feed", as: token,
                body: """
                    {"token":"ETH","interval":"1m","open_time":"\(open)","open":\(close),"high":\(close),\
                    "low":\(close),"close":\(close),"volume":1,"closed":true}
                    """, type: "application/x-ndjson")
            #expect(answer.status == 200 && answer.json["refused"] == 0, "\(answer.text)")
        }

        @discardableResult
        nonisolated(nonsending) func mark() async throws -> String {
            try await push(1, as: owner.token, minutesAgo: 60)
            let made = try await call("POST", "/v1/price-sources", Self.series)
            #expect(made.status == 201, "\(made.text)")
            return made.json["id"]?.asString ?? ""
        }

        nonisolated(nonsending) func newest(_ id: String) async throws -> String? {
            try await call("GET", "/v1/price-sources/\(id)").json["newest"]?["price"]?.asString
        }

        /// Tokens of two programs that may push and not use keys: one of an admin's, one of the owner's.
        nonisolated(nonsending) func feeders() async throws -> (ofAdmin: String, ofOwner: String) {
            let admin = try await premises.join("an-admin", .admin, by: owner)
            return (try await feeder("good", of: admin.id), try await feeder("managed", of: owner.id))
        }

        private nonisolated(nonsending) func feeder(_ name: String, of user: String) async throws -> String {
            let made = try await call(
                "POST", "/v1/service-accounts",
                [
                    "name": .string(name), "purpose": "pushes", "role": "analyst",
                    "owner_id": .string(user),
                ])
            let id = made.json["id"]?.asString ?? ""
            let token = try await call(
                "POST", "/v1/access-tokens", ["principal_id": .string(id), "name": .string(name)])
            #expect(token.status == 201, "\(made.text) \(token.text)")
            return token.json["token"]?.asString ?? ""
        }
    }

    private static func open(_ body: @Sendable (Desk) async throws -> Void) async throws {
        try await StandInExchange.with { standIn in
            try await standIn.register(
                .init(.binance, "desk-key", .secret("c2VjcmV0LW9mLXRoZS1kZXNr"), addresses: ["127.0.0.1"]))
            let later = Timestamp.testStart.seconds * 1_000 + 1_800_000
            try await standIn.freezeClock(atMilliseconds: later, slack: 3_600_000)
            try await Premises.open(isRunning: true, exchange: standIn.baseURL(.binance)) {
                worker, premises in
                let desk = try await desk(premises, worker.reactor)
                // It tells its clock and what it lists, and then nothing more.
                #expect(try await desk.tried("BTCUSDT", 50_000)["verdict"] == "allowed")
                try await standIn.goOut(.binance)
                try await body(desk)
                #expect(premises.mistakes == [])
            }
        }
    }

    private nonisolated(nonsending) static func desk(
        _ premises: Premises, _ reactor: Reactor
    ) async throws -> Desk {
        let owner = try await premises.owner()
        let made = try await premises.call(
            "POST", "/v1/keys", as: owner.token,
            body: """
                {"exchange":"binance","account":"main","label":"priced","environment":"testnet",\
                "permissions":["read","trade_spot"],"ip_allow_list":["127.0.0.1"],\
                "credential":{"api_key":"desk-key","secret":"c2VjcmV0LW9mLXRoZS1kZXNr"}}
                """)
        let desk = Desk(
            premises: premises, reactor: reactor, owner: owner, key: made.json["id"]?.asString ?? "")
        let path = "/v1/keys/\(desk.key)"
        let told = try await desk.call("POST", path + "/verify", ["accept_risks": "a stand-in"])
        #expect(told.json["status"] == "active", "\(told.text)")
        let policy = try await premises.call(
            "PUT", path + "/policy", as: owner.token, headers: [(name: "if-match", value: "\"0\"")],
            body: """
                {"operations":["read","trade","cancel"],"ways":["sign","proxy"],\
                "orders":{"max_price_distance_percent":"3"}}
                """)
        #expect(policy.status == 200, "\(policy.text)")
        return desk
    }
}
