import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// T11 over the proxy: requests whose numbers must rise go out one after another, whichever node sends.
    @Suite struct NonceSenderTests {
        fileprivate static let balance = "spot/0/private/Balance"
        private static let history = "spot/0/private/TradesHistory"

        fileprivate func run(
            window: Int64? = nil, _ body: (ProxyDesk, RunningNode) async throws -> Void
        ) async throws {
            try await StandInExchange.with { standIn in
                let settings = ["KEYBELL_STANDIN_KRAKEN_DEMO_SPOT": standIn.baseURL(.kraken)]
                try await RunningNode.withTwo(settings) { first, second in
                    let desk = try await ProxyDesk.make(
                        first, standIn, .kraken, "demo", nonceWindow: window)
                    try await body(desk, second)
                }
            }
        }

        private static func nonce(_ record: StandInExchange.Record) -> UInt64? {
            record.body.split(separator: "&").first { $0.hasPrefix("nonce=") }
                .flatMap { UInt64($0.dropFirst(6)) }
        }

        @Test func `T11: of two nodes that send and probe at once, no number overtakes another`() async throws
        {
            try await run { desk, second in
                let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
                    for lane in 0..<6 {
                        group.addTask {
                            var own: [Int] = []
                            for number in 0..<3 {
                                let node = (lane + number) % 2 == 0 ? desk.node : second
                                own.append(try await desk.proxy("POST", Self.balance, by: node).status)
                                if lane == 0 { try await desk.verify() }
                            }
                            return own
                        }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(statuses.allSatisfy { [200, 429, 503].contains($0) }, "\(statuses)")
                #expect(statuses.contains(200))
                let records = try await desk.requests()
                let nonces = records.compactMap(Self.nonce)
                #expect(nonces.count == records.count && nonces == nonces.sorted(), "\(nonces)")
                #expect(Set(nonces).count == nonces.count)
                #expect(records.allSatisfy { $0.verdict == "accepted" }, "\(records.map(\.verdict))")
            }
        }

        /// They wait for the exchange's budget without the key's turn, and are told why.
        @Test func `reads that ask too much hold no cancel up, and are told to come again`() async throws {
            try await run { desk, _ in
                // The budget of 20 comes back by one in a second, its last tenth is for exits, and of these
                // every second one takes two: twice as much as there is, at once.
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for lane in 0..<20 {
                        let read = lane % 2 == 0 ? Self.history : Self.balance
                        group.addTask { try await desk.proxy("POST", read).status }
                    }
                    let first = try await group.next()
                    let cancelled = try await desk.proxy("POST", "spot/0/private/CancelAll")
                    #expect(cancelled.status == 200, "\(cancelled.text)")
                    let statuses = try await group.reduce(into: [first]) { $0.append($1) }
                    // Those that waited too long for their turn are told so by a 503.
                    #expect(statuses.allSatisfy { [200, 429, 503].contains($0) }, "\(statuses)")
                    #expect(statuses.contains(429))
                }
            }
        }

        @Test func `while one node's request is under way, the other answers 503, and sends when it is over`()
            async throws
        {
            try await run { desk, second in
                try await desk.behave { ($0.stallMilliseconds, $0.times) = (600_000, 1) }
                let before = try await desk.requests().count
                async let slow = desk.proxy("POST", Self.balance)
                try await wait(until: "it is under way") { try await desk.requests().count == before + 1 }
                let busy = try await desk.proxy("POST", Self.balance, by: second)
                #expect(busy.status == 503 && busy.header("retry-after") == "1", "\(busy.text)")
                #expect(try await desk.requests().count == before + 1)
                #expect(try await slow.status == 502)
                try await wait(until: "the other node sends") {
                    try await desk.proxy("POST", Self.balance, by: second).status == 200
                }
            }
        }

        @Test func `the lease of a node that died lapses`() async throws {
            try await run { desk, second in
                try await desk.behave { ($0.stallMilliseconds, $0.times) = (600_000, 1) }
                let before = try await desk.requests().count
                let lost = Task { try await desk.proxy("POST", Self.balance, by: second) }
                try await wait(until: "it is under way") { try await desk.requests().count == before + 1 }
                await second.killHard()
                await #expect(throws: (any Error).self) { try await lost.value }
                let refused = try await desk.proxy("POST", Self.balance)
                #expect([200, 503].contains(refused.status), "\(refused.text)")
                #expect(try await second.lapse(.turns) ?? 0 <= 20)
                try await wait(until: "the lease lapses") {
                    try await desk.proxy("POST", Self.balance).status == 200
                }
                let nonces = try await desk.requests().compactMap(Self.nonce)
                #expect(nonces == nonces.sorted())
            }
        }
    }
}

extension IntegrationTests.NonceSenderTests {
    @Test func `a key with a wide window has several requests under way`() async throws {
        try await run(window: 60_000_000) { desk, second in
            try await desk.behave { ($0.stallMilliseconds, $0.times) = (5_000, 1) }
            let before = try await desk.requests().count
            async let slow = desk.proxy("POST", Self.balance)
            try await wait(until: "it is under way") { try await desk.requests().count == before + 1 }
            #expect(try await desk.proxy("POST", Self.balance).status == 200)
            #expect(try await desk.proxy("POST", Self.balance, by: second).status == 200)
            #expect(try await slow.status == 200)
        }
    }

    @Test func `on one node, too, nobody waits for a turn until the exchange has answered another`()
        async throws
    {
        try await run { desk, _ in
            try await desk.behave { ($0.stallMilliseconds, $0.times) = (600_000, 1) }
            let before = try await desk.requests().count
            async let slow = desk.proxy("POST", Self.balance)
            try await wait(until: "it is under way") { try await desk.requests().count == before + 1 }
            let busy = try await desk.proxy("POST", Self.balance)
            #expect(busy.status == 503 && busy.header("retry-after") == "1", "\(busy.text)")
            #expect(try await desk.requests().count == before + 1)
            // What was read may be asked for again.
            #expect(try await slow.status == 502)
            #expect(try await desk.proxy("POST", Self.balance).status == 200)
        }
    }
}
