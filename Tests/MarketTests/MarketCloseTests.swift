import Kernel
import Signals
import TestSupport
import Testing

@testable import Market

struct MarketCloseTests {
    private let start = Timestamp.testStart

    private func sight(_ candle: Int64, _ seen: String, awaited: Int = 0) -> MarketClose.Sight {
        .init(newest: start + .hours(candle), seen: seen, awaited: awaited)
    }

    @Test func `a close is settled when nobody is awaited`() {
        var close = MarketClose(sight(0, "a"), .hour, at: start)
        close.look(sight(0, "a"), at: start)
        #expect(close.turn == 1 && close.settled == start && close.beganAt == nil)
        close.look(sight(0, "a"), at: start + .hours(1))
        #expect(close.turn == 1)
        close.look(sight(1, "b", awaited: 1), at: start + .hours(2))
        #expect(close.turn == 1 && close.settled == start)
        close.look(sight(1, "c"), at: start + .hours(2) + .seconds(5))
        #expect(close.turn == 2 && close.settled == start + .hours(1))
    }

    @Test func `it waits a minute after each arrival, and five in all`() {
        var close = MarketClose(sight(0, "a", awaited: 9), .hour, at: start)
        for step in 1...5 {
            close.look(sight(0, "a\(step)", awaited: 9), at: start + .seconds(Int64(step) * 59))
            #expect(close.turn == 0)
        }
        close.look(sight(0, "late", awaited: 9), at: start + .seconds(300))
        #expect(close.turn == 1)
        var quiet = MarketClose(sight(0, "a", awaited: 9), .minute, at: start)
        quiet.look(sight(0, "a", awaited: 9), at: start + .seconds(29))
        #expect(quiet.turn == 0)
        quiet.look(sight(0, "a", awaited: 9), at: start + .seconds(30))
        #expect(quiet.turn == 1)
    }

    @Test func `what comes after that corrects it at once`() {
        var close = MarketClose(sight(0, "a"), .hour, at: start)
        close.look(sight(0, "a"), at: start)
        close.look(sight(0, "b", awaited: 3), at: start + .seconds(1))
        #expect(close.turn == 2 && close.settled == start)
    }

    @Test func `days that were not graded are graded in their order, a year back at most`() {
        let day = Period.days(1)
        let newest = start
        #expect(InvestorJob.days(upTo: newest, first: newest - .days(3), done: nil) == [newest])
        let young = InvestorJob.days(upTo: newest, first: newest - .days(332), done: nil)
        #expect(young == [newest - .days(2), newest - day, newest])
        let old = InvestorJob.days(upTo: newest, first: newest - .days(3_000), done: nil)
        #expect(old.count == 366 && old.first == newest - .days(365) && old.last == newest)
        let after = InvestorJob.days(upTo: newest, first: newest - .days(3_000), done: newest - .days(2))
        #expect(after == [newest - day, newest])
        #expect(InvestorJob.days(upTo: newest, first: newest - .days(3_000), done: newest) == [newest])
    }
}
