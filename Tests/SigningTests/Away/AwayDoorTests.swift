import Access
import EventLoop
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signing

/// Exits while the database is gone: what leaves, what does not, and what the trail says afterwards.
@Suite struct AwayDoorTests {
    private static let exit = "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.1&reduceOnly=true"
    private static let opening = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1"
    private static let trail = Statement(
        "test_away_trail",
        """
        select i.action, i.resource, i.outcome, convert_from(r.body, 'UTF8')
        from audit_item i join audit_record r on r.lane = i.lane and r.sequence = i.sequence
        where i.action in ('keys.proxy.away', 'away.merge') order by i.lane, i.sequence, i.item
        """)
    private static let counter = Statement(
        "test_away_counter", "select used from limit_counter where owner = $1 and clause = $2::integer")

    private func events(_ desk: AwayDesk) async throws -> [String] {
        try await desk.desk.events().map(\.type).filter {
            $0.hasPrefix("away.") || $0.hasPrefix("key.use")
        }
    }

    @Test func `cancels and exits leave by the journal, and nothing else does`() async throws {
        try await AwayDesk.run { desk in
            let key = try await desk.key("main")
            let other = try await desk.desk.key("other", policy: AwayDesk.policy)
            try await desk.look()
            #expect(try await desk.cancel(key).status == 503, "the database is there")
            await desk.cutOff()
            #expect(desk.mode.isOn && desk.mode.sentence != nil)
            desk.desk.exchange.says(200, #"{"orderId": 1}"#)

            let cancelled = try await desk.cancel(key)
            #expect(cancelled.status == 200, "\(cancelled.text)")
            #expect(cancelled.response.head["keybell-away"] == "yes")
            #expect(cancelled.response.head["server-timing"]?.contains("commit;dur=") == true)
            let id = try #require(cancelled.response.head["keybell-usage-id"])
            let exited = try await desk.send(key, "POST", "usdm", "/fapi/v1/order", Self.exit)
            #expect(exited.status == 200, "\(exited.text)")
            #expect(desk.orders.count == 2)

            for (method, host, path, query) in [
                ("POST", "usdm", "/fapi/v1/order", Self.opening), ("GET", "spot", "/api/v3/account", ""),
                ("POST", "spot", "/api/v3/order", Self.opening),
                ("GET", "spot", "/api/v3/order", AwayDesk.anOrder),
                ("POST", "spot", "/sapi/v1/capital/withdraw/apply", "coin=BTC&address=a&amount=1"),
                ("POST", "spot", "/api/v3/userDataStream", ""),
            ] {
                let refused = try await desk.send(key, method, host, path, query)
                #expect(refused.status == 503 && refused.json["code"] == "database_unavailable")
                #expect(refused.response.head["retry-after"] == "1", "\(method) \(path)")
                #expect(refused.response.head["server-timing"]?.hasPrefix("queue;dur=") == true)
            }
            #expect(try await desk.cancel(other).status == 503, "not switched on")
            #expect(desk.orders.count == 2)

            try await desk.comeBack()
            #expect(!desk.mode.isOn)
            #expect(try await desk.cancel(key).status == 503)
            let uses = try await desk.uses()
            #expect(uses.count == 2 && uses.allSatisfy { $0["outcome"] == "accepted" }, "\(uses)")
            #expect(uses.contains { $0["id"]?.asString == id && $0["operation"] == "cancel" })
            #expect(uses.allSatisfy { $0["http_status"]?.asInt == 200 && $0["way"] == "proxy" })
            let told = try await events(desk)
            #expect(told.sorted() == ["away.began", "away.ended", "key.used", "key.used"])
            let lines = try await desk.desk.database.query(Self.trail).map { ($0.text(0), $0.text(3)) }
            #expect(lines.map(\.0) == ["keys.proxy.away", "keys.proxy.away", "away.merge"])
            #expect(lines[0].1.contains(id) && lines[0].1.contains(#""at":"2026-01-05T08:00:02"#))
            #expect(desk.away.journals(.merged).count == 1)
        }
    }

    @Test func `a database that takes no writes is as good as gone, until it takes them again`() async throws
    {
        try await AwayDesk.run { desk in
            let key = try await desk.key("main")
            try await desk.look()
            try await desk.refuseWrites()
            #expect(desk.mode.isOn)
            desk.desk.exchange.says(200, "{}")
            #expect(try await desk.cancel(key).status == 200)
            // Its word is heard, and ends nothing.
            try await desk.look()
            #expect(desk.mode.isOn)
            try await desk.takeWrites()
            #expect(!desk.mode.isOn)
            let uses = try await desk.uses()
            #expect(uses.count == 1 && uses[0]["outcome"] == "accepted", "\(uses)")
        }
    }

    @Test func `what is revoked while a database takes no writes is used no more`() async throws {
        try await AwayDesk.run { desk in
            let key = try await desk.key("main")
            try await desk.look()
            try await desk.refuseWrites()
            #expect(desk.mode.isOn)
            desk.desk.exchange.says(200, "{}")
            let revoked = try await desk.desk.call(
                "POST", "/v1/keys/\(key)/revoke", #"{"reason": "stolen"}"#)
            #expect(revoked.status == 200, "\(revoked.text)")
            try await desk.look()
            #expect(try await desk.cancel(key).status == 503)
            #expect(desk.orders.isEmpty)
        }
    }

    @Test func `what was taken away before is refused, by this node's own word at the latest`() async throws {
        try await AwayDesk.run { desk in
            desk.desk.ledger.onAuthority { [mode = desk.mode] epoch in mode.noticed(epoch: epoch) }
            let key = try await desk.key("main")
            let second = try await desk.key("second")
            try await desk.look()
            let stopped = try await desk.desk.call(
                "POST", "/v1/keys/\(key)/suspend", #"{"reason": "stop"}"#)
            #expect(stopped.status == 200)
            // Acknowledged, and the keeper had no time to read it.
            await desk.cutOff()
            #expect(!desk.mode.isOn)
            #expect(try await desk.cancel(key).status == 503)
            #expect(try await desk.cancel(second).status == 503)

            try await desk.comeBack()
            await desk.cutOff()
            #expect(desk.mode.isOn)
            desk.desk.exchange.says(200, "{}")
            #expect(try await desk.cancel(key).status == 503)
            #expect(try await desk.cancel(second).status == 200)
        }
    }

    @Test func `an order that must not be sent twice stays, since nobody knows whether it was before`()
        async throws
    {
        try await AwayDesk.run { desk in
            let key = try await desk.key("main")
            try await desk.look()
            await desk.cutOff()
            desk.desk.exchange.says(200, "{}")
            let order = try await desk.send(key, "POST", "usdm", "/fapi/v1/order", Self.exit, once: "exit-1")
            #expect(order.status == 503 && order.json["code"] == "database_unavailable")
            #expect(order.text.contains("Idempotency-Key"), "\(order.text)")
            #expect(desk.orders.isEmpty)
            let cancel = try await desk.send(
                key, "DELETE", "spot", "/api/v3/order", AwayDesk.anOrder, once: "cancel-1")
            #expect(cancel.status == 200, "\(cancel.text)")
            #expect(try await desk.send(key, "POST", "usdm", "/fapi/v1/order", Self.exit).status == 200)
            #expect(desk.orders.count == 2)
        }
    }

    @Test func `T7: what another node revokes meanwhile is used until this one hears of it, and never after`()
        async throws
    {
        try await AwayDesk.run { desk in
            let key = try await desk.key("main")
            let second = try await desk.key("second")
            try await desk.look()
            await desk.cutOff()
            desk.desk.exchange.says(200, "{}")
            // Through a node that has the database: this one does not hear of it.
            let revoked = try await desk.desk.call(
                "POST", "/v1/keys/\(key)/revoke", #"{"reason": "stolen"}"#)
            #expect(revoked.status == 200, "\(revoked.text)")
            #expect(try await desk.cancel(key).status == 200, "the exception that T7 names")
            let opening = try await desk.send(key, "POST", "usdm", "/fapi/v1/order", Self.opening)
            #expect(opening.status == 503)

            try await desk.comeBack()
            #expect(try await desk.cancel(key).status == 503)
            await desk.cutOff()
            #expect(try await desk.cancel(key).status == 503)
            #expect(try await desk.cancel(second).status == 200)
            #expect(desk.orders.count == 2)
        }
    }

    @Test func `a snapshot of a minute ago is too old, and after 15 minutes nothing leaves`() async throws {
        try await AwayDesk.run { desk in
            let key = try await desk.key("main")
            try await desk.look()
            desk.time.move(.seconds(58))
            await desk.cutOff()
            #expect(!desk.mode.isOn)
            try await desk.comeBack()
            desk.time.move(.seconds(57))
            await desk.cutOff()
            #expect(desk.mode.isOn)
            desk.desk.exchange.says(200, "{}")
            desk.time.move(.minutes(15) + Period(microseconds: -1))
            #expect(try await desk.cancel(key).status == 200)
            desk.time.move(Period(microseconds: 1))
            #expect(try await desk.cancel(key).status == 503)
            #expect(desk.mode.left == .seconds(0) && desk.mode.sentence == nil)
            await desk.keeper.turn()
            #expect(!desk.mode.isOn)
            #expect(desk.orders.count == 1)
            try await desk.comeBack()
            #expect(try await desk.uses().count == 1)
        }
    }

    @Test func `who asks is told by what was known, and their addresses and dates count`() async throws {
        try await AwayDesk.run { desk in
            let policy =
                #"{"operations": ["cancel"], "cidrs": ["10.1.0.0/16"], "deny": "#
                + #"[{"name": "tuesdays", "when": "request.path.contains('Orders')", "applies_to": "all"}]}"#
            let key = try await desk.key("main", policy: policy)
            try await desk.look()
            await desk.cutOff()
            desk.desk.exchange.says(200, "{}")
            #expect(try await desk.cancel(key).status == 200)
            var elsewhere = desk.desk.context()
            elsewhere.actor.address = IPAddress(v4: 0x0A02_0001)
            #expect(try await desk.cancel(key, as: elsewhere).status == 503)
            let denied = try await desk.send(
                key, "DELETE", "spot", "/api/v3/openOrders", "symbol=BTCUSDT")
            #expect(denied.status == 503 && denied.text.contains("tuesdays"), "\(denied.text)")
            #expect(desk.orders.count == 1)
        }
    }

    @Test func `limits that bind exits go on from where they stood, and are charged afterwards`()
        async throws
    {
        try await AwayDesk.run { desk in
            let policy =
                #"{"operations": ["cancel"], "limits": "#
                + #"[{"count": "requests", "max": "3", "per": "31d", "applies_to": "all"}]}"#
            let key = try await desk.key("main", policy: policy)
            desk.desk.exchange.says(200, "{}")
            let before = try await desk.desk.proxy(key, "DELETE", "/api/v3/order", query: AwayDesk.anOrder)
            #expect(before.status == 200, "\(before.text)")
            try await desk.look()
            try await desk.look()
            await desk.cutOff()
            #expect(try await desk.cancel(key).status == 200)
            #expect(try await desk.cancel(key).status == 200)
            #expect(try await desk.cancel(key).status == 503)
            try await desk.comeBack()
            let after = try await desk.desk.proxy(key, "DELETE", "/api/v3/order", query: AwayDesk.anOrder)
            #expect(after.status == 403, "\(after.text)")
            let used = try await desk.desk.database.query(Self.counter, .text(key), .int(1)).first?.int64(0)
            #expect(used == 3)
        }
    }

    @Test func `what the exchange refused is there again, while the database is gone and afterwards`()
        async throws
    {
        try await AwayDesk.run { desk in
            let policy =
                #"{"operations": ["trade"], "limits": [{"count": "notional", "per": "31d", "#
                + #""max": {"amount": "1200", "currency": "USD"}, "applies_to": "all"}]}"#
            let key = try await desk.key("main", policy: policy)
            desk.desk.exchange.trades("BTCUSDT", at: "5000")
            func expect(_ status: Int, where exchange: Int) async throws {
                desk.desk.exchange.says(
                    exchange, exchange == 200 ? #"{"orderId": 1}"# : #"{"code": -2022, "msg": "Rejected."}"#)
                let answer = try await desk.send(key, "POST", "usdm", "/fapi/v1/order", Self.exit)
                #expect(answer.status == status, "\(answer.text)")
            }
            try await desk.look()
            await desk.cutOff()
            // Each is worth 500.
            for _ in 0..<4 { try await expect(400, where: 400) }
            for status in [200, 200, 503] { try await expect(status, where: 200) }
            try await desk.comeBack()
            let used = try await desk.desk.database.query(Self.counter, .text(key), .int(1)).first?.int64(0)
            #expect(used == 1_000_000_000)
        }
    }

    @Test func `without a journal nothing leaves`() async throws {
        try await AwayDesk.run { desk in
            let key = try await desk.key("main")
            try await desk.look()
            // A file where the folder would be: nothing can be made there.
            try desk.folder.write("in the way", to: "away")
            await desk.cutOff()
            #expect(!desk.mode.isOn && desk.mode.phase == .over)
            #expect(try await desk.cancel(key).status == 503)
            #expect(desk.orders.isEmpty)
        }
    }

    @Test func `a journal that can no longer be written ends it, and what was recorded is merged`()
        async throws
    {
        try await AwayDesk.run { desk in
            let key = try await desk.key("main")
            try await desk.look()
            await desk.cutOff()
            desk.desk.exchange.says(200, "{}")
            #expect(try await desk.cancel(key).status == 200)
            desk.mode.breakOff(try #require(desk.mode.episode))
            #expect(try await desk.cancel(key).status == 503)
            await desk.keeper.turn()
            #expect(!desk.mode.isOn && desk.mode.phase == .over)
            try await desk.comeBack()
            #expect(try await desk.uses().count == 1)
            await desk.cutOff()
            #expect(try await desk.cancel(key).status == 200)
        }
    }

    @Test func `whoever may use some keys only uses those`() async throws {
        try await AwayDesk.run { desk in
            let (own, other) = (try await desk.key("own"), try await desk.key("other"))
            let id = try #require(ExchangeKeyID(own))
            let grant = GrantedRole(
                id: desk.desk.ledger.newID(), role: "bot", permissions: BuiltInRole.bot.permissions,
                scope: .key(id))
            var context = desk.desk.context()
            context.rights = Rights([grant], at: desk.time.now)
            try await desk.look()
            await desk.cutOff()
            desk.desk.exchange.says(200, "{}")
            #expect(try await desk.cancel(own, as: context).status == 200)
            #expect(try await desk.cancel(other, as: context).status == 503)
            #expect(desk.orders.count == 1)
        }
    }

    @Test func `a node that is sealed sends nothing, and begins anew when it is unsealed`() async throws {
        try await AwayDesk.run { desk in
            let key = try await desk.key("main")
            try await desk.look()
            await desk.cutOff()
            desk.desk.exchange.says(200, "{}")
            desk.seal.isOpen = false
            await desk.keeper.turn()
            #expect(!desk.mode.isOn && desk.mode.snapshot == nil)
            #expect(try await desk.cancel(key).status == 503)
            desk.seal.isOpen = true
            await desk.keeper.turn()
            #expect(!desk.mode.isOn, "without its database it knows nothing")
            try await desk.comeBack()
            await desk.cutOff()
            #expect(try await desk.cancel(key).status == 200)
        }
    }

    @Test func `an outcome that nobody heard of is unknown afterwards, and told`() async throws {
        try await AwayDesk.run { desk in
            let key = try await desk.key("main")
            try await desk.look()
            await desk.cutOff()
            desk.desk.exchange.isSilent()
            let unknown = try await desk.cancel(key)
            #expect(unknown.status == 504 && unknown.json["code"] == "outcome_unknown", "\(unknown.text)")
            #expect(unknown.response.head["keybell-away"] == "yes")
            try await desk.comeBack()
            #expect(try await desk.uses().map { $0["outcome"] } == ["unknown"])
            let told = try await events(desk).filter { $0 == "key.use.unknown" }
            #expect(told.count == 1)
        }
    }

    @Test func `nothing is switched on by a write past the service`() async throws {
        let switchOn = Statement("test_switch_on", "update exchange_key set away_mode = true")
        try await AwayDesk.run { desk in
            let key = try await desk.desk.key("main", policy: AwayDesk.policy)
            _ = try await desk.desk.database.query(switchOn)
            try await desk.look()
            await desk.cutOff()
            #expect(try await desk.cancel(key).status == 503)
            #expect(desk.orders.isEmpty)
            #expect(try await desk.desk.events().contains { $0.type == "key.tampered" })
        }
    }

    @Test func `without a key that is switched on there is no away mode`() async throws {
        try await AwayDesk.run { desk in
            let key = try await desk.key("main")
            try await desk.setAwayMode(of: key, false)
            try await desk.look()
            await desk.cutOff()
            #expect(!desk.mode.isOn && desk.away.journals(.journal).isEmpty)
        }
    }
}
