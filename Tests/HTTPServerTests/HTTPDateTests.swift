import HTTPServer
import Kernel
import Testing

@Suite struct HTTPDateTests {
    /// 1994-11-06T08:49:37Z, the example of RFC 9110 5.6.7.
    private static let example: Int64 = 784_111_777
    private static let now = Timestamp(seconds: 1_790_000_000)

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (example, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (-62_135_596_800, "Mon, 01 Jan 0001 00:00:00 GMT"),
    ])
    func `a time is written as IMF-fixdate and read back`(seconds: Int64, text: String) {
        #expect(HTTPDate(seconds: seconds).text == text)
        #expect(HTTPDate(text, now: Self.now)?.seconds == seconds)
    }

    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ])
    func `all three formats are read`(text: String) {
        #expect(HTTPDate(text, now: Self.now)?.seconds == Self.example)
    }

    @Test func `a year of two digits is at most 50 years ahead`() {
        #expect(
            HTTPDate("Friday, 06-Nov-76 08:49:37 GMT", now: Self.now)?.text == "Fri, 06 Nov 2076 08:49:37 GMT"
        )
        #expect(
            HTTPDate("Sunday, 06-Nov-77 08:49:37 GMT", now: Self.now)?.text == "Sun, 06 Nov 1977 08:49:37 GMT"
        )
    }

    @Test(arguments: [
        "", "Sun", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 30 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun Nov 06 08:49:37 1994 GMT", "Sunday, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z",
    ])
    func `anything else is no date`(text: String) {
        #expect(HTTPDate(text, now: Self.now) == nil)
    }

    @Test func `random times survive`() {
        let generator = SeededGenerator(seed: 5)
        for _ in 0..<5_000 {
            let seconds = Int64(generator.next() % 315_537_897_600) - 62_135_596_800
            let date = HTTPDate(seconds: seconds)
            #expect(date.bytes.count == 29)
            #expect(HTTPDate(date.text, now: Self.now) == date)
        }
    }
}
