import Foundation
import Indicators

/// Candles with the values that TA-Lib gave for them: `Tests/Fixtures/talib`.
struct TALibFixture {
    let bars: [Bar]
    private let columns: [String: [Double?]]

    init(_ name: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/talib/\(name).csv")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let names = lines[0].split(separator: ",").map(String.init)
        let rows = lines.dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        var columns: [String: [Double?]] = [:]
        for (index, name) in names.enumerated() { columns[name] = rows.map { Double($0[index]) } }
        self.columns = columns
        bars = rows.indices.map { row in
            func value(_ name: String) -> Double { columns[name]?[row] ?? .nan }
            return Bar(high: value("high"), low: value("low"), close: value("close"), volume: value("volume"))
        }
    }

    /// The columns that no candle has.
    var indicators: Set<String> {
        Set(columns.keys).subtracting(["open_time_iso8601", "open", "high", "low", "close", "volume"])
    }

    /// The rows where `ours` differs from the fixture: another mask, or further than 1e-9 · max(1, |b|).
    func differences(_ column: String, from ours: [Double?]) -> [String] {
        guard let theirs = columns[column], theirs.count == ours.count else { return ["no column \(column)"] }
        return theirs.indices.compactMap { row in
            switch (ours[row], theirs[row]) {
            case (nil, nil): nil
            case (let a?, let b?) where abs(a - b) <= 1e-9 * max(1, abs(b)): nil
            case (let a, let b):
                "\(column)[\(row)]: \(String(describing: a)), expected \(String(describing: b))"
            }
        }
    }
}

/// A seeded walk of candles, for what no fixture holds.
struct BarWalk: Sequence, IteratorProtocol {
    private var state: UInt64
    private var price = 100.0

    init(seed: UInt64) { state = seed }

    mutating func next() -> Bar? {
        let open = price
        price *= 1 + (uniform() - 0.5) * 0.08
        let high = Swift.max(open, price) * (1 + uniform() * 0.02)
        let low = Swift.min(open, price) * (1 - uniform() * 0.02)
        return Bar(high: high, low: low, close: price, volume: 1000 * uniform())
    }

    /// xorshift64*, 0 to 1.
    private mutating func uniform() -> Double {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return Double((state &* 2_685_821_657_736_338_717) >> 11) / 9_007_199_254_740_992
    }
}
