import JSON
import Signals

extension FuzzTarget {
    /// Verdicts do not depend on the cut, and a row that is read can be written and read again.
    static let csv = FuzzTarget(name: "CSV") { input throws(Finding) in
        try check(input, .csv) { row in
            let names = [
                "token", "source", "interval", "open_time", "open", "high", "low", "close", "volume",
            ]
            let fields = texts(of: row).map(quoted).joined(separator: [UInt8(ascii: ",")])
            return Array((names.joined(separator: ",") + "\n").utf8) + fields
        }
    }

    /// As of CSV.
    static let ndjson = FuzzTarget(name: "NDJSON") { input throws(Finding) in
        try check(input, .ndjson) { row in
            let names = [
                "token", "source", "interval", "open_time", "open", "high", "low", "close", "volume",
            ]
            var w = JSONWriter()
            w.object { w in
                for (name, text) in zip(names, texts(of: row)) { w.field(name, text) }
            }
            return w.bytes
        }
    }

    /// Byte by byte: a quote with an accent on it is one character.
    private static func quoted(_ text: String) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        return [quote] + text.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
    }

    private static func check(
        _ input: [UInt8], _ format: CandleReader.Format, write: (CandleRow) -> [UInt8]
    ) throws(Finding) {
        let input = CutInput(input)
        let whole = CandleReading([input.bytes], format)
        try require(
            CandleReading(input.pieces, format) == whole, "a verdict depends on how the bytes were cut")
        for verdict in whole.verdicts {
            guard case .success(var row) = verdict.row else { continue }
            row.closed = nil
            let again = CandleReading([write(row)], format).verdicts.map(\.row)
            try require(again == [.success(row)], "a row is another after writing and reading: \(row)")
        }
    }

    /// In the order of the columns above.
    private static func texts(of row: CandleRow) -> [String] {
        [row.token, row.source, row.interval.rawValue, "\(row.openTime)"]
            + [row.open, row.high, row.low, row.close, row.volume].map { "\($0)" }
    }
}

/// What a reader made of an upload.
private struct CandleReading: Equatable {
    struct Verdict: Equatable {
        let line: Int
        let row: Result<CandleRow, RowRefusal>
    }

    private(set) var verdicts: [Verdict] = []
    private var error: CandleFormatError?

    init(_ pieces: [[UInt8]], _ format: CandleReader.Format) {
        var reader = CandleReader(format)
        var verdicts: [Verdict] = []
        do throws(CandleFormatError) {
            for piece in pieces { try reader.push(piece) { verdicts.append(Verdict(line: $0, row: $1)) } }
            try reader.finish { verdicts.append(Verdict(line: $0, row: $1)) }
        } catch {
            self.error = error
        }
        self.verdicts = verdicts
    }
}
