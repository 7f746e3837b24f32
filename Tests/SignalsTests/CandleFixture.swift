import Foundation
import Kernel
import Signals

/// Candles of `Tests/Fixtures/candles`, read by the reader that uploads use.
enum CandleFixture {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures")
    static let afterAll = Timestamp(seconds: 1_700_000_000)

    static func candles(_ token: String) throws -> [Candle] {
        let bytes = try [UInt8](Data(contentsOf: folder.appending(path: "candles/\(token).csv")))
        let verdicts = try read(bytes, .csv, CandleDefaults(source: "yahoo"))
        return try verdicts.map { try Candle.validate($0.row.get(), now: afterAll) }
    }

    static func grades(_ token: String) throws -> [[Substring]] {
        let text = try String(contentsOf: folder.appending(path: "grades/\(token).csv"), encoding: .utf8)
        return text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    }
}

extension Sequence<Candle> {
    /// As an upload brings them.
    func csv(_ token: String, _ interval: String = "1d") -> [UInt8] {
        let rows = map { c in
            "\(token),\(interval),\(c.openTime),\(c.open),\(c.high),\(c.low),\(c.close),\(c.volume)\n"
        }
        return Array(("token,interval,open_time,open,high,low,close,volume\n" + rows.joined()).utf8)
    }
}

struct RowVerdict: Equatable {
    var line: Int
    var row: Result<CandleRow, RowRefusal>

    var refusal: String? { if case .failure(let refusal) = row { refusal.code } else { nil } }
}

/// Reads `bytes` in pieces of at most `piece` bytes.
func read(
    _ bytes: [UInt8], _ format: CandleReader.Format, _ defaults: CandleDefaults = CandleDefaults(),
    piece: Int = .max
) throws -> [RowVerdict] {
    var reader = CandleReader(format, defaults: defaults)
    var verdicts: [RowVerdict] = []
    var start = 0
    while start < bytes.count {
        let end = piece < bytes.count - start ? start + piece : bytes.count
        try reader.push(Array(bytes[start..<end])) { verdicts.append(RowVerdict(line: $0, row: $1)) }
        start = end
    }
    try reader.finish { verdicts.append(RowVerdict(line: $0, row: $1)) }
    return verdicts
}

/// xorshift64*: the same walk on every machine.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 2_685_821_657_736_338_717
    }
}
