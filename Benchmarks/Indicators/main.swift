import Glibc
import Indicators

// The nine indicators over the bars of a file (doubles: all highs, lows, closes, volumes): as columns at
// once, and streamed bar by bar, in milliseconds of processor time, the best of the rounds. The bars are
// read, and the columns' memory is touched, before the clock starts.

func processorMilliseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
}

func bars(of path: String) -> [Bar] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let count = ftell(file) / (4 * MemoryLayout<Double>.size)
    rewind(file)
    var numbers = [Double](repeating: 0, count: 4 * count)
    guard fread(&numbers, MemoryLayout<Double>.size, numbers.count, file) == numbers.count else { return [] }
    return (0..<count).map {
        Bar(
            high: numbers[$0], low: numbers[count + $0], close: numbers[2 * count + $0],
            volume: numbers[3 * count + $0])
    }
}

func best(of rounds: Int, _ work: () -> Double) -> Double {
    (0..<rounds).map { _ in
        let began = processorMilliseconds()
        let result = work()
        let took = processorMilliseconds() - began
        // Read, so that nothing is left out as unused.
        precondition(result.isFinite)
        return took
    }.min() ?? .infinity
}

let all = bars(of: CommandLine.arguments[1])
precondition(!all.isEmpty, "no bars in the file")
var columns = StandardColumns(all)
let inColumns = best(of: 3) {
    columns.fill(all)
    return StandardColumns.Column.allCases.reduce(0) { $0 + (columns[$1].last ?? .nan) }
}
let streamed = best(of: 3) {
    var standard = StandardIndicators()
    return all.reduce(0) { $0 + standard.update($1).obv }
}
print(inColumns, streamed)
