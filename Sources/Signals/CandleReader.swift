/// Reads candles out of a stream of bytes that may be cut anywhere, and gives a verdict per row without ever losing
/// its position: a refused row leaves its neighbours alone. Holds at most one row.
package struct CandleReader: Sendable {
    package enum Format: Sendable {
        /// `text/csv` with a header.
        case csv
        /// One JSON object a line.
        case ndjson
        /// The array of arrays of exchange kline interfaces.
        case klines
    }

    /// Line number (from 1, the header included) or, of klines, the row's number; and the row or why not.
    package typealias Verdict = (_ line: Int, _ row: Result<CandleRow, RowRefusal>) -> Void

    private enum Rows: Sendable {
        case csv(CSVCandles)
        case klines(KlineCandles)
    }

    private var rows: Rows
    private var lines = LineSplitter()

    package init(_ format: Format, defaults: CandleDefaults = CandleDefaults()) {
        switch format {
        case .csv, .ndjson: rows = .csv(CSVCandles(defaults: defaults))
        case .klines: rows = .klines(KlineCandles(defaults: defaults))
        }
    }

    package mutating func push(_ bytes: [UInt8], _ verdict: Verdict) throws(CandleFormatError) {
        try bytes.withUnsafeBufferPointer { chunk throws(CandleFormatError) in try push(chunk, verdict) }
    }

    /// `chunk` is only read during the call.
    package mutating func push(
        _ chunk: UnsafeBufferPointer<UInt8>, _ verdict: Verdict
    ) throws(CandleFormatError) {
        switch rows {
        case .csv(var csv):
            var cursor = 0
            while let line = lines.next(in: chunk, at: &cursor) {
                try read(line, in: chunk, with: &csv, verdict)
            }
            rows = .csv(csv)
        case .klines(var klines):
            for byte in chunk { if let row = try klines.push(byte) { verdict(klines.number, row) } }
            rows = .klines(klines)
        }
    }

    /// After the last byte: the last line may have no line feed.
    package mutating func finish(_ verdict: Verdict) throws(CandleFormatError) {
        switch rows {
        case .csv(var csv):
            let empty = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
            if let line = lines.finish() { try read(line, in: empty, with: &csv, verdict) }
            guard csv.hasHeader else { throw .empty }
        case .klines(let klines): try klines.finish()
        }
    }

    private func read(
        _ line: LineSplitter.Line, in chunk: UnsafeBufferPointer<UInt8>, with csv: inout CSVCandles,
        _ verdict: Verdict
    ) throws(CandleFormatError) {
        switch line {
        case .inChunk(let range): try read(UnsafeBufferPointer(rebasing: chunk[range]), with: &csv, verdict)
        case .carried(let bytes):
            try bytes.withUnsafeBufferPointer { line throws(CandleFormatError) in
                try read(line, with: &csv, verdict)
            }
        case .tooLong:
            guard csv.hasHeader else { throw .unreadableHeader }
            verdict(lines.number, .failure(.lineTooLong))
        }
    }

    private func read(
        _ bytes: UnsafeBufferPointer<UInt8>, with csv: inout CSVCandles, _ verdict: Verdict
    ) throws(CandleFormatError) {
        let line = bytes.last == 13 ? UnsafeBufferPointer(rebasing: bytes.dropLast()) : bytes
        guard !line.isEmpty else { return }
        guard csv.hasHeader else { return try csv.readHeader(line) }
        verdict(lines.number, Result { () throws(RowRefusal) in try csv.row(line) })
    }
}
