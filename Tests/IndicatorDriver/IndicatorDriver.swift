import Indicators

/// Computes the indicators that are named, as TA-Lib would answer, over the bars that it reads (high, low,
/// close and volume a line), and prints their values, a line for each bar: see
/// Tests/Judges/talib_lines.py. Not part of the product.
@main enum IndicatorDriver {
    static func main() throws {
        let names = try CommandLine.arguments.dropFirst().map { try IndicatorName($0) }
        var set = IndicatorSet(names, undefined: .talib)
        while let line = readLine() {
            let numbers = line.split(separator: " ").map { Double($0) ?? .nan }
            guard numbers.count == 4 else { throw IndicatorMistake.unknown(line) }
            let bar = Bar(high: numbers[0], low: numbers[1], close: numbers[2], volume: numbers[3])
            print(try set.update(bar).map { $0.map { "\($0)" } ?? "" }.joined(separator: ","))
        }
    }
}
