import Kernel
import TestSupport
import Testing

@testable import Signing

@Suite(.serialized) struct ClockFeedTests {
    @Test func `an exchange that does not tell its time is not asked by every request`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            desk.exchange.tellsItsTime(false)
            let before = desk.exchange.timesAsked
            for _ in 0..<5 { #expect(try await desk.sign(key).status == 200) }
            #expect(desk.exchange.timesAsked == before + 1)
            desk.time.move(.seconds(10))
            desk.exchange.tellsItsTime(true)
            for _ in 0..<5 { #expect(try await desk.sign(key).status == 200) }
            #expect(desk.exchange.timesAsked == before + 2)
        }
    }
}
