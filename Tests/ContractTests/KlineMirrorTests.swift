import EventLoop
import Exchanges
import Kernel
import TestSupport
import Testing

@testable import Service
@testable import Signals

/// Candles of live come from where the settings say, by the same client as everything else that leaves.
struct KlineMirrorTests {
    @Test func `what an exchange's public candles are asked for goes to the mirror alone`() async throws {
        let mirror = try Receiver { _ in .json(429, #"{"retCode":10006,"retMsg":"slow down"}"#) }
        defer { mirror.stop() }
        let base = mirror.url.replacing("/keybell", with: "")
        try await Premises.open(exchange: base) { worker, premises in
            let line = ExchangeSender(premises.host.shared, reactor: worker.reactor).klineLine()
            let question = KlineQuestion(
                .spot, "SOLUSDT", .days(1), from: .testStart, to: .testStart + .days(2))
            let draft = try #require(ExchangeName.bybit.klines?.draft(question))
            // A mirror that has enough of us is not the exchange: nobody else is shut out.
            for count in 1...2 {
                let answer = try await line.ask(.init(exchange: .bybit, environment: .live, draft: draft))
                    .get()
                #expect(answer.status == 429)
                #expect(mirror.others.count == count)
            }
            #expect(mirror.others.first?.request.startLine.hasPrefix("GET /v5/market/kline?") == true)
        }
    }
}
