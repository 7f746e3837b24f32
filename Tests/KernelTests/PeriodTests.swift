import Testing

@testable import Kernel

@Suite struct PeriodTests {
    @Test(arguments: [
        ("90d", "90d"), ("24h", "1d"), ("36h", "36h"), ("90s", "90s"), ("60m", "1h"), ("2w", "14d"),
        ("0s", "0s"),
    ])
    func `a period is written with the largest unit that divides it`(text: String, written: String) {
        #expect(Period(text)?.description == written)
    }

    @Test(arguments: ["", "d", "-1d", "+1d", "1", "1.5h", "1x", "99999999999999d"])
    func `what is not a period is refused`(text: String) {
        #expect(Period(text) == nil)
    }
}
