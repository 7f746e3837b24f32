import Kernel
import Signals
import Testing

struct CandleReaderTests {
    private static let header = "token,interval,open_time_iso8601,open,high,low,close,volume\n"
    private static let day = Timestamp(seconds: 1_600_041_600)
    private let defaults = CandleDefaults(token: "BTC", source: "binance", interval: .day)

    private func csv(_ text: String, _ defaults: CandleDefaults = CandleDefaults(source: "s")) throws
        -> [RowVerdict]
    {
        try read(Array(text.utf8), .csv, defaults)
    }

    @Test func `a row gives every field`() throws {
        let header = "open_time,close,high,low,open,volume,token,interval,source,closed,note"
        let verdicts = try csv(
            header + "\n" + #"1600041600000,2,4,1,3,5.5,SOL,4h,bybit,false,"a, ""b""""# + "\n")
        let row = CandleRow(
            token: "SOL", source: "bybit", interval: .fourHours, openTime: Self.day, open: 3, high: 4, low: 1,
            close: 2, volume: 5.5, closed: false)
        #expect(verdicts == [RowVerdict(line: 2, row: .success(row))])
    }

    @Test func `line ends, a byte order mark, quotes and blank lines change nothing`() throws {
        let rows = "BTC,1d,2020-09-14T00:00:00Z,1,2,0.5,1.5,10"
        let plain = try csv(Self.header + rows + "\n")
        let dressed = "\u{FEFF}" + Self.header.replacing("\n", with: "\r\n") + rows + "\r\n"
        #expect(try csv(dressed) == plain)
        #expect(try csv(Self.header + rows) == plain)
        let quoted = "\"BTC\",\"1d\",\"2020-09-14T00:00:00Z\",\"1\",2,0.5,1.5,\"10\"\n"
        #expect(try csv(Self.header + quoted) == plain)
        #expect(try csv(Self.header + "\n\n" + rows).map(\.line) == [4])
        #expect(try plain[0].row.get().openTime == Self.day)
    }

    @Test(arguments: [
        ("BTC,1d,2020-09-14T00:00:00Z,1,2,0.5,1.5", "malformed"),
        ("BTC,1d,2020-09-14T00:00:00Z,1,2,0.5,1.5,1,", "malformed"),
        ("BTC,2d,2020-09-14T00:00:00Z,1,2,0.5,1.5,1", "unknown_interval"),
        ("BTC,1d,2020-09-31,1,2,0.5,1.5,1", "malformed"),
        ("BTC,1d,99999999999999999999,1,2,0.5,1.5,1", "malformed"),
        ("BTC,1d,1960-01-01,1,2,0.5,1.5,1", "malformed"),
        ("BTC,1d,,1,2,0.5,1.5,1", "missing"),
        (",1d,2020-09-14,1,2,0.5,1.5,1", "missing"),
        ("BTC,1d,2020-09-14,1,2,0.5,,1", "missing"),
        ("BTC,1d,2020-09-14,1,2,0.5,1 000,1", "malformed"),
        ("BTC,1d,2020-09-14,1,2,0.5,0x10,1", "malformed"),
        ("BTC,1d,2020-09-14,1,2,0.5,.,1", "malformed"),
        ("BTC,1d,2020-09-14,1,2,0.5,1e,1", "malformed"),
        ("BTC,1d,2020-09-14,1,2,0.5,NaN,1", "not_finite"),
        ("BTC,1d,2020-09-14,1,2,0.5,-inf,1", "not_finite"),
        ("BTC,1d,2020-09-14,1,2,0.5,1e999,1", "not_finite"),
        ("\"BTC,1d,2020-09-14,1,2,0.5,1,1", "malformed"),
        ("\"BTC\"x,1d,2020-09-14,1,2,0.5,1,1", "malformed"),
        (String(repeating: "x", count: 65) + ",1d,2020-09-14,1,2,0.5,1,1", "malformed"),
        (String(repeating: "x", count: 70_000), "line_too_long"),
    ])
    func `a bad row is refused by name, its neighbours are not`(bad: String, code: String) throws {
        let good = "BTC,1d,2020-09-14,1,2,0.5,1.5,1"
        let text = Self.header + [good, bad, good].joined(separator: "\n")
        for piece in [Int.max, 1_000, 7] {
            let verdicts = try read(Array(text.utf8), .csv, CandleDefaults(source: "s"), piece: piece)
            #expect(verdicts.map(\.line) == [2, 3, 4])
            #expect(verdicts.map(\.refusal) == [nil, code, nil])
            if case .failure(let refusal) = verdicts[1].row { #expect(refusal.message.count > 5) }
        }
    }

    @Test func `the address gives what the header does not`() throws {
        let text = "open_time,open,high,low,close,volume\n1600041600000,1,2,0.5,1.5,10\n"
        let row = try #require(try csv(text, defaults).first).row.get()
        #expect((row.token, row.source, row.interval) == ("BTC", "binance", .day))
        #expect(row.closed == nil)
        #expect(throws: CandleFormatError.missingColumns(["token", "source", "interval"])) {
            try csv(text, CandleDefaults())
        }
        #expect(
            throws: CandleFormatError.missingColumns(["open_time", "open", "high", "low", "close", "volume"])
        ) {
            try csv("a,b\n1,2\n", defaults)
        }
        #expect(throws: CandleFormatError.repeatedColumn("open")) {
            try csv("open,OPEN\n", defaults)
        }
        #expect(throws: CandleFormatError.empty) { try csv("\n", defaults) }
    }

    @Test func `however the bytes are cut, the rows are the same`() throws {
        var dice = Dice(5)
        var text = Self.header
        for index in 0..<200 {
            let price = Double.random(in: 0.001...90_000, using: &dice)
            let time = Timestamp(seconds: Int64(index) * 86_400)
            text += "T\(index % 3),1d,\(time),\(price),\(price * 2),\(price / 2),\(price),\(Int(price))"
            text += index % 2 == 0 ? "\n" : "\r\n"
        }
        let whole = try csv(text)
        #expect(whole.count == 200 && whole.allSatisfy { $0.refusal == nil })
        for piece in [1, 2, 3, 17, 64, 1_001] {
            #expect(try read(Array(text.utf8), .csv, CandleDefaults(source: "s"), piece: piece) == whole)
        }
    }

    @Test func `numbers are exactly rounded`() throws {
        var dice = Dice(9)
        var texts = [
            "9007199254740993", "1e22", "1e23", "0.1", "4.35", "123456789012345678901234567890", "5e-324",
            "+1",
        ]
        for _ in 0..<3_000 {
            let digits = Int.random(in: 1...20, using: &dice)
            var text = ""
            for _ in 0..<digits { text += "\(Int.random(in: 0...9, using: &dice))" }
            let point = text.index(text.startIndex, offsetBy: Int.random(in: 0..<digits, using: &dice))
            text.insert(".", at: point)
            texts.append(
                Bool.random(using: &dice) ? text : text + "e\(Int.random(in: -30...30, using: &dice))")
        }
        let rows = texts.map { "BTC,1d,2020-09-14,1,1,1,1,\($0)\n" }.joined()
        let verdicts = try csv(Self.header + rows)
        for (text, verdict) in zip(texts, verdicts) {
            #expect(try verdict.row.get().volume == Double(text), "\(text)")
        }
    }

    @Test func `noise never stops the reader nor loses a line`() throws {
        var dice = Dice(21)
        let alphabet = Array("0123456789.,\"\r -eTZ:BCd[]{}\u{0}é".utf8)
        for _ in 0..<300 {
            var bytes = Array(Self.header.utf8)
            var lines = 0
            for _ in 0..<20 {
                let length = Int.random(in: 1...80, using: &dice)
                for _ in 0..<length { bytes.append(alphabet.randomElement(using: &dice) ?? 0) }
                bytes.append(10)
                lines += 1
            }
            bytes += Array("BTC,1d,2020-09-14,1,2,0.5,1.5,1\n".utf8)
            let verdicts = try read(bytes, .csv, CandleDefaults(source: "s"), piece: 13)
            #expect(verdicts.last == RowVerdict(line: lines + 2, row: try #require(verdicts.last).row))
            #expect(verdicts.last?.refusal == nil)
        }
    }
}
