import EventLoop
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

extension IntegrationTests {
    /// A node whose database goes away, with an exchange that is still there.
    @Suite struct AwayModeTests {
        private static let market = "symbol=BTCUSDT&type=MARKET&quantity=0.01&side="

        /// Ids of uses that were answered.
        private final class Answered: Sendable {
            let ids = Mutex<Set<String>>([])
        }
    }
}

extension IntegrationTests.AwayModeTests {
    /// The node's snapshot holds as many keys: what was switched on last is in it.
    private func settle(_ desk: CutOffDesk, keys: Int = 2) async throws {
        try await wait(until: "the node is ready to be cut off") {
            try await desk.node.call("GET", "/metrics", token: nil).text.contains(
                "\naway_mode_keys \(Double(keys))\n")
        }
    }

    @Test func `T5: while the database is gone exits go through, and nothing else does`() async throws {
        try await CutOffDesk.run { desk in
            let opened = try await desk.ask("POST", "/usdm/fapi/v1/order", Self.market + "BUY")
            try #require(opened.status == 200, "\(opened.everything)")
            let resting = try await desk.ask(
                "POST", "/spot/api/v3/order",
                "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=20000"
                    + "&newClientOrderId=resting")
            try #require(resting.status == 200, "\(resting.everything)")
            try await settle(desk)
            try await desk.cutOff()

            let cancelled = try await desk.cancel("resting")
            #expect(cancelled.status == 200, "\(cancelled.everything)")
            #expect(cancelled.header("keybell-away") == "yes")
            #expect(cancelled.header("keybell-usage-id") != nil)
            let exit = try await desk.ask(
                "POST", "/usdm/fapi/v1/order", Self.market + "SELL&reduceOnly=true")
            #expect(exit.status == 200 && exit.header("keybell-away") == "yes", "\(exit.everything)")
            for _ in 0..<3 {
                let all = try await desk.cancelAll()
                #expect(all.status == 200 && all.header("keybell-away") == "yes", "\(all.everything)")
            }

            try await expectRefusals(desk)
            let metrics = try await desk.node.call("GET", "/metrics", token: nil).text
            #expect(metrics.contains("\naway_mode_active 1"))
            #expect(metrics.contains("\naway_mode_uses_total 5"))

            try await desk.comeBack()
            try await wait(until: "every exit is listed") { try await desk.uses().count == 7 }
            let uses = try await desk.uses()
            #expect(uses.allSatisfy { $0["outcome"] == "accepted" }, "\(uses)")
            let trail = try await desk.read("/v1/audit-records?action=keys.proxy.away")
            #expect(trail["data"]?.asArray?.count == 5)
            // The file is put aside once it is in the trail.
            try await wait(until: "the journal is put aside") { desk.journals("merged").count == 1 }
            #expect(desk.journals("refused").isEmpty)
            let again = try await eventually("each worker is back") { () -> LoopbackMessage? in
                let again = try await desk.cancelAll()
                return again.status == 503 ? nil : again
            }
            #expect(again.status == 200 && again.header("keybell-away") == nil, "\(again.everything)")
            // Nonces have gone past those of the journal.
            #expect(!again.text.contains("EAPI"), "\(again.text)")
            let events = try await desk.awayEvents()
            #expect(events.compactMap { $0["type"]?.asString } == ["away.began", "away.ended"])
            #expect(events.last?["data"]?["reason"] == "database_back")
            try await desk.expectIntact()
        }
    }

    /// Openings, reads, signatures, other keys and strangers stay where they are.
    private func expectRefusals(_ desk: CutOffDesk) async throws {
        let before = try await desk.standIn.requests(.binance, apiKey: CutOffDesk.apiKey).count
        let refused = [
            try await desk.ask("POST", "/usdm/fapi/v1/order", Self.market + "BUY"),
            try await desk.ask("GET", "/spot/api/v3/account"),
            try await desk.cancel("resting", of: desk.other),
            try await desk.node.call(
                "POST", desk.key + "/sign",
                [
                    "method": "DELETE", "host": "spot", "path": "/api/v3/order",
                    "query": "symbol=BTCUSDT&orderId=1",
                ]),
            try await desk.node.call(
                "DELETE", desk.key + "/proxy/spot/api/v3/order?symbol=BTCUSDT&orderId=1",
                token: .text("kbt_unknown")),
        ]
        for answer in refused { #expect(answer.status == 503, "\(answer.everything)") }
        // A stock client is answered in its own words.
        let told = try await desk.node.call(
            "GET", desk.key + "/proxy/spot/api/v3/account", token: nil,
            headers: [("x-mbx-apikey", desk.node.ownerToken)])
        #expect(told.status == 503 && told.text.contains("journal"), "\(told.everything)")
        #expect(told.header("keybell-problem") == "database_unavailable", "\(told.everything)")
        #expect(told.header("server-timing") != nil)
        #expect(try await desk.standIn.requests(.binance, apiKey: CutOffDesk.apiKey).count == before)
    }

    @Test func `T7: what was revoked before the database went stays refused`() async throws {
        try await CutOffDesk.run { desk in
            try await settle(desk)
            try await desk.node.must("POST", desk.key + "/revoke", ["reason": "stolen"])
            try await settle(desk, keys: 1)
            try await desk.cutOff()
            #expect(try await desk.cancel("any").status == 503)
            #expect(try await desk.seen().isEmpty)
            #expect(try await desk.cancelAll().status == 200, "the other key goes on")
            try await desk.comeBack()
        }
    }

    @Test func `T5: whenever the node is killed, what reached the exchange is in the trail afterwards`()
        async throws
    {
        try await CutOffDesk.run { desk in
            try await settle(desk)
            for round in 0..<4 {
                try await desk.cutOff()
                await withTaskGroup(of: Void.self) { group in
                    for lane in 0..<4 {
                        group.addTask {
                            for number in 0..<40 {
                                let name = "r\(round)l\(lane)n\(number)"
                                guard let answer = try? await desk.cancel(name) else { return }
                                #expect([400, 503].contains(answer.status), "\(answer.everything)")
                            }
                        }
                    }
                    group.addTask {
                        _ = try? await blockingThreads.run { usleep(UInt32(40_000 + round * 35_000)) }
                        if round == 3 {
                            // However slow all this is, something has reached the exchange.
                            try? await wait(until: "one is seen") { try await !desk.seen().isEmpty }
                        }
                        await desk.node.killHard()
                    }
                }
                try await desk.server.start()
                try await desk.node.start()
                try await wait(until: "the journal is merged") { desk.journals("journal").isEmpty }
                // The next absence needs a fresh snapshot.
                try await settle(desk)
            }
            let seen = try await desk.seen()
            #expect(!seen.isEmpty && Set(seen).count == seen.count, "\(seen.count)")
            let recorded = try await desk.recorded()
            #expect(Set(recorded).count == recorded.count)
            #expect(Set(seen).subtracting(recorded).isEmpty)
            let uses = try await desk.uses("&operation=cancel").compactMap { $0["id"]?.asString }
            #expect(Set(uses).count == uses.count && uses.count == recorded.count)
            #expect(desk.journals("merged").count == 4 && desk.journals("refused").isEmpty)
            try await desk.expectIntact()
        }
    }

    @Test func `killed while it merges, and begun again, every use is there once`() async throws {
        try await CutOffDesk.run { desk in
            try await settle(desk)
            try await desk.cutOff()
            let answered = Answered()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<8 {
                    group.addTask {
                        for number in 0..<60 {
                            let answer = try await desk.cancel("l\(lane)n\(number)")
                            #expect(answer.status == 400, "\(answer.everything)")
                            let id = try #require(answer.header("keybell-usage-id"))
                            answered.ids.withLock { _ = $0.insert(id) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await desk.server.start()
            for round in 0..<3 {
                _ = try await blockingThreads.run { usleep(UInt32(100_000 * round)) }
                await desk.node.killHard()
                try await desk.node.start()
            }
            try await wait(until: "the journal is merged") { desk.journals("journal").isEmpty }
            let uses = try await desk.uses("&operation=cancel").compactMap { $0["id"]?.asString }
            #expect(uses.count == 480 && Set(uses) == answered.ids.withLock { $0 })
            #expect(try await desk.seen().count == 480)
            let events = try await desk.awayEvents()
            #expect(events.compactMap { $0["type"]?.asString } == ["away.began", "away.ended"])
            try await desk.expectIntact()
        }
    }

    @Test func `a node that is stopped while it is away ends at once, and merges when it starts again`()
        async throws
    {
        try await CutOffDesk.run { desk in
            try await settle(desk)
            try await desk.cutOff()
            #expect(try await desk.cancel("any").status == 400)
            #expect(try await desk.node.stop() == 0)
            try await desk.server.start()
            try await desk.node.start()
            let ended = try await eventually("it is told") { () -> JSONValue? in
                try await desk.awayEvents().first { $0["type"] == "away.ended" }
            }
            #expect(ended["data"]?["reason"] == "node_ended" && ended["data"]?["uses"]?.asInt == 1)
            #expect(try await desk.recorded() == ["any"])
            try await desk.expectIntact()
        }
    }

    @Test func `a journal that somebody changed is refused aloud, and the node works`() async throws {
        try await CutOffDesk.run { desk in
            try await settle(desk)
            try await desk.cutOff()
            #expect(try await desk.cancel("any").status == 400)
            await desk.node.killHard()
            let name = "data/away/" + (desk.journals("journal").first ?? "none")
            let bytes = try desk.node.folder.bytes(of: name)
            let text = String(decoding: bytes, as: UTF8.self)
            try desk.node.folder.write(text.replacing("BTCUSDT", with: "ETHUSDT"), to: name)
            try await desk.server.start()
            try await desk.node.start()
            let told = try await eventually("it is told") { () -> JSONValue? in
                try await desk.awayEvents().first
            }
            #expect(told["type"] == "away.journal.refused" && told["data"]?["line"]?.asInt == 2)
            // The file is put aside once it is told.
            try await wait(until: "the journal is put aside") { desk.journals("refused").count == 1 }
            #expect(try await desk.uses("&operation=cancel").isEmpty)
            try await wait(until: "each worker is back") {
                try await desk.cancel("any").status == 400
            }
            try await desk.expectIntact()
        }
    }
}
