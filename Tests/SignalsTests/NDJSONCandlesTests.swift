import Kernel
import Signals
import Testing

struct NDJSONCandlesTests {
    private let good =
        #"{"token":"BTC","interval":"1d","open_time":1600041600000,"open":"1","high":2,"low":0.5,"#
        + #""close":1.5,"volume":10,"closed":true,"note":[1],"source":null}"#

    @Test func `an object a line, however cut`() throws {
        let text = good + "\r\n\n" + good.replacing("1600041600000", with: #""2020-09-14T00:00:00Z""#)
        for piece in [Int.max, 1, 9] {
            let verdicts = try read(Array(text.utf8), .ndjson, CandleDefaults(source: "s"), piece: piece)
            #expect(verdicts.map(\.line) == [1, 3])
            #expect(verdicts[0].row == verdicts[1].row)
            let row = try verdicts[0].row.get()
            #expect(row.openTime == Timestamp(seconds: 1_600_041_600))
            #expect((row.open, row.volume, row.closed, row.source) == (1, 10, true, "s"))
        }
        #expect(throws: CandleFormatError.empty) { try read([], .ndjson) }
    }

    @Test(arguments: [
        ("{", "malformed"), ("[1]", "malformed"),
        ("{\"token\":\"a\",\"token\":\"b\"}", "malformed"),
        ("{}", "missing"), ("{\"token\":[]}", "malformed"),
        ("{\"token\":true,\"closed\":2}", "malformed"),
        ("{\"open\":\"1,5\"}", "malformed"),
    ])
    func `a bad line leaves the others alone`(bad: String, code: String) throws {
        let text = [good, bad, good].joined(separator: "\n")
        let verdicts = try read(Array(text.utf8), .ndjson, CandleDefaults(source: "s"))
        #expect(verdicts.map(\.refusal) == [nil, code, nil])
    }
}
