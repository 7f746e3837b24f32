import Kernel
import Signals
import Testing

struct KlineCandlesTests {
    private let defaults = CandleDefaults(token: "BTC", source: "binance", interval: .day)

    private func klines(_ text: String, piece: Int = .max) throws -> [RowVerdict] {
        try read(Array(text.utf8), .klines, defaults, piece: piece)
    }

    @Test func `an exchange's answer is read as it is`() throws {
        let text = """
            [[1600041600000,"10332.83000000","10750.00000000","10212.34000000","10680.50000000","70131.059",
              1600127999999,"735","12","1","2","0"],
             ["1600128000000", 10680.5, 10945, 10625.5, 10779.63, 71017.75]]

            """
        for piece in [Int.max, 1, 5] {
            let verdicts = try klines(text, piece: piece)
            #expect(verdicts.map(\.line) == [1, 2])
            let rows = try verdicts.map { try $0.row.get() }
            #expect(rows[0].openTime == Timestamp(seconds: 1_600_041_600))
            #expect((rows[0].open, rows[0].high, rows[0].low) == (10332.83, 10750, 10212.34))
            #expect((rows[1].close, rows[1].volume, rows[1].token) == (10779.63, 71017.75, "BTC"))
        }
        #expect(try klines(" [ ] ") == [])
    }

    @Test func `times of sixteen digits are microseconds`() throws {
        let rows = try klines("[[1735689600000000,1,2,0.5,1.5,1],[1735776000000,1,2,0.5,1.5,1]]")
        #expect(try rows.map { try $0.row.get().openTime.seconds } == [1_735_689_600, 1_735_776_000])
        let beyond = ["1735689600000001", "253402300800000", "17356896000000000"]
        let refused = try klines("[" + beyond.map { "[\($0),1,2,0.5,1.5,1]" }.joined(separator: ",") + "]")
        #expect(refused.map(\.refusal) == [nil, "malformed", "malformed"])
        let row = try #require(refused.first).row.get()
        #expect(throws: RowRefusal.misaligned(row.openTime, .day)) {
            try Candle.validate(row, now: Timestamp(seconds: 1_800_000_000))
        }
    }

    @Test func `a bad row leaves the others alone`() throws {
        let good = "[1600041600000,1,2,0.5,1.5,1]"
        let bad = [
            "[]", "[1600041600000,1,2]", "[1600041600000,1,2,0.5,true,1]", "[null,1,2,0.5,1,1]",
            "[1600041600000,1,2,0.5,1,\"]\"]",
        ]
        let text = "[" + ([good] + bad + [good]).joined(separator: ",") + "]"
        #expect(
            try klines(text).map(\.refusal) == [
                nil, "missing", "missing", "malformed", "missing", "malformed", nil,
            ])
        let long = "[[\(String(repeating: "9", count: 70_000))],\(good)]"
        #expect(try klines(long).map(\.refusal) == ["line_too_long", nil])
    }

    @Test(arguments: [
        ("", CandleFormatError.empty), ("{}", .malformedArray(row: 0)), ("[1]", .malformedArray(row: 0)),
        ("[[1]", .truncatedArray(row: 1)), ("[[1", .truncatedArray(row: 0)),
        ("[[1],]", .malformedArray(row: 1)),
        ("[[1][1]]", .malformedArray(row: 1)), ("[[[1]]]", .malformedArray(row: 0)),
        ("[[1]] x", .malformedArray(row: 1)), ("[,[1]]", .malformedArray(row: 0)),
    ])
    func `what is no array of arrays is refused`(text: String, error: CandleFormatError) {
        #expect(throws: error) { try klines(text) }
    }
}
