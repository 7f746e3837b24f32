import Testing

@testable import Kernel

@Suite struct TimestampTests {
    @Test(arguments: [
        ("2026-01-05T08:00:00.123Z", 1_767_600_000_123_000),
        ("2026-01-05T08:00:00Z", 1_767_600_000_000_000),
        ("2026-01-05", 1_767_571_200_000_000),
        ("2026-01-05T10:00:00.1234567+02:00", 1_767_600_000_123_456),
        ("1969-12-31T23:59:59.5Z", -500_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
    ])
    func `RFC 3339 is read to the microsecond`(text: String, microseconds: Int64) {
        #expect(Timestamp(text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-13-01", "2026-02-30", "2023-02-29", "2026-01-05T24:00:00Z", "2026-01-05T08:60:00Z",
        "2026-01-05T08:00:60Z", "2026-01-05T08:00:00", "2026-01-05T08:00:00.Z", "2026-01-05T08:00:00Zx",
        "2026-1-5T08:00:00Z", "0000-01-01", " 2026-01-05", "2026-01-05T08:00:00+24:00",
        "2026-01-05T08:00:00+0200",
    ])
    func `what is not a time is refused`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `writing and reading agree over ten thousand moments`() {
        let random = SeededGenerator(seed: 7)
        for _ in 0..<10_000 {
            let time = Timestamp(
                milliseconds: Int64(random.next() % 253_402_300_000_000) - 62_135_596_800_000 / 4)
            #expect(Timestamp(time.description) == time)
        }
    }
}
