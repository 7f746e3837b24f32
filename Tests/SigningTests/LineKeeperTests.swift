import EventLoop
import Exchanges
import Kernel
import Synchronization
import TestSupport
import Testing

@testable import Signing

@Suite struct LineKeeperTests {
    private static let spot = LineKeeper.Place(market: MarketPlace(.binance, .live, host: "spot"))
    private static let usdm = LineKeeper.Place(market: MarketPlace(.binance, .live, host: "usdm"))

    /// What was asked, in order.
    private final class Asked: Sendable {
        private let urls = Mutex<[String]>([])
        let time = DeskClock()

        var all: [String] { urls.withLock { $0 } }

        func ask(_ url: String) { urls.withLock { $0.append(url) } }

        func wait(for count: Int) async throws {
            let limit = ContinuousClock.now + .seconds(60)
            while all.count < count, ContinuousClock.now < limit {
                try await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    private func run(
        status: Int = 200,
        _ body: @Sendable @escaping (isolated Worker, LineKeeper, Asked) async throws -> Void
    ) async throws {
        let asked = Asked()
        let worker = try Worker()
        worker.start(name: "keeper")
        defer { worker.stop() }
        try await worker.run { worker in
            let line = ExchangeLine(
                send: { message in
                    asked.ask(message.request.url)
                    return .success(
                        ExchangeAnswer(
                            status: status, headers: [], body: Array("{}".utf8), isTruncated: false))
                }, pause: { _ in })
            let keeper = LineKeeper(
                hosts: ExchangeHosts { _, _, _ in nil }, line: line, clock: asked.time.clock,
                reactor: worker.reactor)
            keeper.start(on: worker)
            defer { keeper.stop() }
            try await body(worker, keeper, asked)
        }
    }

    @Test func `where it became quiet somebody asks for the time; where it did not, nobody`() async throws {
        try await run { _, keeper, asked in
            keeper.note(Self.spot, status: 200)
            keeper.look()
            asked.time.move(.seconds(2))
            keeper.note(Self.usdm, status: 200)
            keeper.look()
            try await asked.wait(for: 1)
            #expect(asked.all == ["https://api.binance.com/api/v3/time"])
            asked.time.move(.seconds(2))
            keeper.look()
            try await asked.wait(for: 3)
            #expect(
                Set(asked.all.dropFirst()) == [
                    "https://api.binance.com/api/v3/time", "https://fapi.binance.com/fapi/v1/ping",
                ])
        }
    }

    @Test func `nobody asks on behalf of bots that are gone`() async throws {
        try await run { _, keeper, asked in
            keeper.note(Self.spot, status: 200)
            asked.time.move(.minutes(10))
            keeper.note(Self.usdm, status: 200)
            asked.time.move(.seconds(2))
            keeper.look()
            try await asked.wait(for: 1)
            #expect(asked.all == ["https://fapi.binance.com/fapi/v1/ping"])
        }
    }

    @Test(arguments: [418, 429, 403, 503])
    func `an exchange that says to slow down is left alone for a minute`(status: Int) async throws {
        try await run { _, keeper, asked in
            keeper.note(Self.spot, status: status)
            asked.time.move(.seconds(59))
            keeper.note(Self.usdm, status: 200)
            asked.time.move(.seconds(2))
            keeper.look()
            try await asked.wait(for: 1)
            #expect(asked.all == ["https://fapi.binance.com/fapi/v1/ping"])
        }
    }

    @Test func `so is one that does not answer as it should`() async throws {
        try await run(status: 429) { _, keeper, asked in
            keeper.note(Self.spot, status: 200)
            asked.time.move(.seconds(2))
            keeper.look()
            try await asked.wait(for: 1)
            asked.time.move(.seconds(50))
            keeper.note(Self.usdm, status: 200)
            asked.time.move(.seconds(2))
            keeper.look()
            try await asked.wait(for: 2)
            #expect(asked.all.last == "https://fapi.binance.com/fapi/v1/ping")
        }
    }
}

@Suite struct AnswerEscapeTests {
    @Test(arguments: [
        (#"a\/b"#, "a/b"), (#"\u0041\u00e9\\n"#, #"A?\n"#), (#"\n\r\t\""#, "\n\r\t\""), (#"x\u00"#, "xu00"),
        (#"\"#, #"\"#),
        ("", ""),
    ])
    func `escapes are resolved, wherever the text was cut`(text: String, meaning: String) {
        #expect(AnswerWatch.unescaped(Array(text.utf8)) == Array(meaning.utf8))
    }
}
