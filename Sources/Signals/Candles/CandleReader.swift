import HTTPServer

/// Reads candles out of a stream of bytes that may be cut anywhere, and gives a verdict per row without ever
/// losing its position: a refused row leaves its neighbours alone. Holds at most one row.
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

    /// As some programs put it before UTF-8.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private let format: Format
    private var lines = LineSplitter()
    // Side by side, not in an enum: a row is read in place, without a copy of what the reader remembers.
    private var csv: CSVCandles
    private var objects: NDJSONCandles
    private var klines: KlineCandles

    package init(_ format: Format, defaults: CandleDefaults = CandleDefaults()) {
        self.format = format
        csv = CSVCandles(defaults: defaults)
        objects = NDJSONCandles(defaults: defaults)
        klines = KlineCandles(defaults: defaults)
    }

    package mutating func push(_ bytes: [UInt8], _ verdict: Verdict) throws(CandleFormatError) {
        try bytes.withUnsafeBufferPointer { chunk throws(CandleFormatError) in try push(chunk, verdict) }
    }

    /// `chunk` is only read during the call.
    package mutating func push(
        _ chunk: UnsafeBufferPointer<UInt8>, _ verdict: Verdict
    ) throws(CandleFormatError) {
        if format == .klines {
            for byte in chunk { if let row = try klines.push(byte) { verdict(klines.number, row) } }
            return
        }
        var cursor = 0
        while let line = lines.next(in: chunk, at: &cursor) { try read(line, in: chunk, verdict) }
    }

    /// After the last byte: the last line may have no line feed.
    package mutating func finish(_ verdict: Verdict) throws(CandleFormatError) {
        if format == .klines { return try klines.finish() }
        let empty = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
        if let line = lines.finish() { try read(line, in: empty, verdict) }
        guard lines.number > 0, format != .csv || csv.hasHeader else { throw .empty }
    }

    private mutating func read(
        _ line: LineSplitter.Line, in chunk: UnsafeBufferPointer<UInt8>, _ verdict: Verdict
    ) throws(CandleFormatError) {
        switch line {
        case .inChunk(let range): try read(UnsafeBufferPointer(rebasing: chunk[range]), verdict)
        case .carried(let bytes):
            try bytes.withUnsafeBufferPointer { line throws(CandleFormatError) in try read(line, verdict) }
        case .tooLong:
            if format == .csv && !csv.hasHeader { throw .unreadableHeader }
            verdict(lines.number, .failure(.lineTooLong))
        }
    }

    private mutating func read(
        _ bytes: UnsafeBufferPointer<UInt8>, _ verdict: Verdict
    ) throws(CandleFormatError) {
        var line = bytes.last == 13 ? UnsafeBufferPointer(rebasing: bytes.dropLast()) : bytes
        if lines.number == 1, line.starts(with: Self.byteOrderMark) {
            line = UnsafeBufferPointer(rebasing: line.dropFirst(Self.byteOrderMark.count))
        }
        guard !line.isEmpty else { return }
        if format == .csv && !csv.hasHeader { return try csv.readHeader(line) }
        do throws(RowRefusal) {
            verdict(lines.number, .success(try format == .csv ? csv.row(line) : objects.row(line)))
        } catch {
            verdict(lines.number, .failure(error))
        }
    }
}
