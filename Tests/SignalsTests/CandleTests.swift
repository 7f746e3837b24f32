import Kernel
import Signals
import Testing

struct CandleTests {
    private static let now = Timestamp(seconds: 1_600_200_000)
    private var row = CandleRow(
        token: "BTC", source: "s", interval: .day, openTime: Timestamp(seconds: 1_600_041_600), open: 2,
        high: 4,
        low: 1, close: 3, volume: 0)

    private func refusal(_ change: (inout CandleRow) -> Void) -> String? {
        var row = row
        change(&row)
        do throws(RowRefusal) {
            _ = try Candle.validate(row, now: Self.now)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `what no market can have done is refused by name`() {
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.volume = .nan } == "not_finite")
        #expect(refusal { $0.high = .infinity } == "not_finite")
        #expect(refusal { $0.high = 2.5 } == "high_too_low")
        #expect(refusal { $0.low = 2.5 } == "low_too_high")
        #expect(refusal { $0.low = 0 } == "not_positive")
        #expect(refusal { $0.volume = -1 } == "negative_volume")
        #expect(refusal { $0.openTime = Timestamp(seconds: 1_230_854_400) } == "too_early")
        #expect(refusal { $0.openTime = Timestamp(seconds: 1_230_940_800) } == nil)
        #expect(refusal { $0.openTime = Timestamp(milliseconds: 1_600_041_600) } == "too_early")
        #expect(refusal { $0.openTime = Timestamp(seconds: 1_600_041_601) } == "misaligned")
        #expect(refusal { $0.openTime = Timestamp(seconds: 1_600_214_400) } == "in_the_future")
        #expect(refusal { $0.openTime = Timestamp(seconds: 1_600_128_000) } == nil)
        #expect(
            refusal {
                $0.openTime = Timestamp(seconds: 1_600_128_000)
                $0.closed = true
            } == "not_closed")
    }

    @Test func `a number that is finite and absurd is refused with its field and its bounds`() {
        func message(_ price: Double, _ volume: Double = 1) -> String? {
            var row = row
            (row.open, row.high, row.low, row.close, row.volume) = (price, price, price, price, volume)
            do throws(RowRefusal) {
                _ = try Candle.validate(row, now: Self.now)
                return nil
            } catch {
                return error.code == "out_of_range" ? error.message : error.code
            }
        }
        #expect(message(1e-15) == nil && message(1e15) == nil)
        #expect(message(1e-12, 5e14) == nil && message(1, 0) == nil && message(1, 1e-8) == nil)
        #expect(message(1e16) == "open 1e+16 is not from 1e-15 to 1e15")
        #expect(message(1e308) == "open 1e+308 is not from 1e-15 to 1e15")
        #expect(message(1e-300) == "open 1e-300 is not from 1e-15 to 1e15")
        #expect(message(1, 1e31) == "volume 1e+31 is neither 0 nor from 1e-30 to 1e30")
        #expect(message(1, 1e-300)?.hasPrefix("volume 1e-300 is neither 0") == true)
        #expect(refusal { $0.high = 1.7e308 } == "out_of_range")
    }

    @Test func `a row that does not say is closed two seconds after its interval is over`() throws {
        var row = row
        #expect(try Candle.validate(row, now: Self.now).closed)
        row.closed = false
        #expect(try !Candle.validate(row, now: Self.now).closed)
        (row.closed, row.openTime) = (nil, Timestamp(seconds: 1_600_128_000))
        #expect(try !Candle.validate(row, now: Self.now).closed)
        let end = Timestamp(seconds: 1_600_214_400)
        #expect(try !Candle.validate(row, now: end + .milliseconds(1_999)).closed)
        #expect(try Candle.validate(row, now: end + .seconds(2)).closed)
        row.closed = true
        #expect(try Candle.validate(row, now: end).closed)
    }

    @Test func `weeks begin on Monday, everything else on its multiple`() throws {
        let monday = try #require(Timestamp("2022-06-06T00:00:00Z"))
        for interval in Interval.allCases {
            #expect(interval.isAligned(monday))
            #expect(interval.isAligned(monday + interval.period))
            #expect(!interval.isAligned(Timestamp(seconds: monday.seconds + 30)))
        }
        #expect(!Interval.week.isAligned(Timestamp(seconds: monday.seconds + 86_400)))
        #expect(Interval.day.isAligned(Timestamp(seconds: monday.seconds + 86_400)))
    }

    @Test func `gaps name what is missing`() {
        let days = [0, 1, 4, 5, 7].map { Timestamp(seconds: $0 * 86_400) }
        let gaps = Gaps.list(days, .day)
        #expect(gaps.map(\.count) == [2, 1])
        #expect(gaps.map(\.first) == [2, 6].map { Timestamp(seconds: $0 * 86_400) })
        #expect(gaps.map(\.last) == [3, 6].map { Timestamp(seconds: $0 * 86_400) })
        #expect(Gaps.list([], .day) == [])
    }
}
