import Backtests
import Foundation
import Kernel
import Signals

/// Measures the simple rivals on a folder of daily candles and holds them against a table that an independent
/// program made; and looks whether anything that is told of their candles changes by those that come after:
/// see Scripts/rivals. Not part of the product.
@main enum RivalDriver {
    /// Of each of our rivals, its row of the table.
    static let rows = [
        "buy_and_hold": "buy&hold", "sma_50_200": "SMA50/200 cross", "rsi_30_70": "RSI14 30/70",
        "macd": "MACD cross", "ema_20_50": "EMA20/50 cross", "donchian_20_10": "Donchian20/10",
        "close_sma50": "close>SMA50", "bollinger": "BBands breakout", "trader_v0": "v0 score 70/50",
        "trader_v0_gate": "v0 70/50 + gate",
    ]

    static func main() throws {
        guard CommandLine.arguments.count == 3 else {
            print("usage: RivalDriver CANDLES-FOLDER TABLE.csv")
            exit(2)
        }
        let tokens = try read(URL(filePath: CommandLine.arguments[1]))
        let table = try String(contentsOfFile: CommandLine.arguments[2], encoding: .utf8)
        let wanted = Dictionary(
            uniqueKeysWithValues: table.split(separator: "\n").dropFirst().map { line in
                let cells = line.split(separator: ",")
                return (String(cells[0]), cells.dropFirst().compactMap { Double($0) })
            })
        let gate = MarketGate(.day, tokens.first { $0.symbol == "BTC" }?.candles ?? [])
        var worst = 0.0
        for rival in Rival.all {
            let decisions = try tokens.map { try $0.decide(rival.rule, gate) }
            var measure = RuleMeasure(tokens, decisions, MeasureTerms())
            if rival.name.hasPrefix("trader_v0") {
                print("\(rival.name) as the service has it: \(text(numbers(of: measure)))")
                measure = asInTable(tokens, rival.rule.isGated ? gate : nil)
            }
            let values = numbers(of: measure)
            let row = rows[rival.name].flatMap { wanted[$0] } ?? []
            let distances = zip(values, row).map { abs($0 - $1) / max(1, abs($1)) }
            let distance = row.count == values.count ? distances.max() ?? .infinity : .infinity
            worst = max(worst, distance)
            print("\(rival.name): \(text(values))  off by \(distance)")
        }
        print(worst <= 1e-9 ? "rivals: as in the table" : "rivals: NOT as in the table")
        let isInvariant = checkPrefixes(tokens)
        if worst > 1e-9 || !isInvariant { exit(1) }
    }

    private static func checkPrefixes(_ tokens: [TokenBars]) -> Bool {
        let check = PrefixCheck(market: tokens.first { $0.symbol == "BTC" }?.candles ?? [])
        let wrong = tokens.map { (symbol: $0.symbol, count: check.differing($0.candles)) }.filter {
            $0.count > 0
        }
        for token in wrong { print("\(token.symbol): \(token.count) candles tell something else later") }
        let candles = tokens.reduce(0) { $0 + $1.candles.count }
        let verdict = wrong.isEmpty ? "the same" : "NOT the same"
        print("prefixes: \(tokens.count) tokens, \(candles) candles, \(verdict)")
        return wrong.isEmpty
    }

    /// The table's v0 counts a comparison with an EMA200 that is not there yet as a "no", where the service
    /// shares the component's weight among the others: what differs is only who holds at bar 200.
    private static func asInTable(_ tokens: [TokenBars], _ gate: MarketGate?) -> RuleMeasure {
        let runs = tokens.compactMap { token in
            var model = TraderGrade(token.interval)
            var isIn = false
            let held = token.candles.map { candle in
                let value = model.update(candle).flatMap(tableValue)
                if let value { isIn = isIn ? value >= 50 : value >= 70 }
                return isIn && gate?.reading(at: candle.openTime).isOpen ?? true
            }
            return TokenRun(held, token.track, MeasureTerms())
        }
        return RuleMeasure(runs, periodsPerYear: MeasureTerms().periodsPerYear)
    }

    private static func tableValue(_ grade: Grade) -> Double? {
        guard let fast = grade.inputs.ema20, let middle = grade.inputs.ema50 else { return nil }
        var sum = 0.0
        for component in grade.components {
            if component.name == GradeComponentKind.emaOrder.rawValue, grade.inputs.ema200 == nil {
                let steps = [grade.inputs.close > fast, fast > middle].count { $0 }
                sum += component.weight * 100 / 3 * Double(steps)
            } else {
                guard let score = component.score else { return nil }
                sum += component.weight * score
            }
        }
        return sum
    }

    private static func text(_ values: [Double]) -> String {
        values.map { String(format: "%.6f", $0) }.joined(separator: " ")
    }

    /// In the order of the table.
    private static func numbers(of measure: RuleMeasure) -> [Double] {
        let (metrics, trades) = (measure.metrics, measure.trades)
        return [
            metrics.sharpe, metrics.maxDrawdown, metrics.cagr, metrics.totalReturn, Double(trades.count),
            trades.hitRate, trades.profitFactor, trades.expectancy, trades.exposure,
        ].map { $0 ?? .nan }
    }

    private static func read(_ folder: URL) throws -> [TokenBars] {
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "csv" }.sorted { $0.path < $1.path }
        return try files.map { file in
            var reader = CandleReader(.csv, defaults: CandleDefaults(source: "file"))
            var candles: [Candle] = []
            let take: CandleReader.Verdict = { _, row in
                let now = Timestamp(seconds: 4_000_000_000)
                if let row = try? row.get(), let candle = try? Candle.validate(row, now: now) {
                    candles.append(candle)
                }
            }
            try reader.push([UInt8](Data(contentsOf: file)), take)
            try reader.finish(take)
            return TokenBars(file.deletingPathExtension().lastPathComponent, .day, candles)
        }
    }
}
