import HTTPServer

/// The array of arrays that exchange kline interfaces answer: `[[openTime, "o", "h", "l", "c", "v", …], …]`,
/// time in milliseconds, numbers bare or quoted, further elements passed over. Cut out byte by byte, in any
/// chunks.
struct KlineCandles: Sendable {
    private enum State {
        case beforeArray, betweenRows(comma: Bool), inRow(quoted: Bool), afterArray
    }

    private static let fields: [CandleField] = [.time, .open, .high, .low, .close, .volume]

    private let defaults: CandleDefaults
    private var state = State.beforeArray
    private var names = NameCache()
    private var row: [UInt8] = []
    private var isTooLong = false
    private(set) var number = 0

    init(defaults: CandleDefaults) { self.defaults = defaults }

    /// The verdict on the row that `byte` ends, if it ends one.
    @inline(__always)
    mutating func push(_ byte: UInt8) throws(CandleFormatError) -> Result<CandleRow, RowRefusal>? {
        if case .inRow(let quoted) = state { return try inside(byte, quoted: quoted) }
        try outside(byte)
        return nil
    }

    func finish() throws(CandleFormatError) {
        switch state {
        case .afterArray: return
        case .beforeArray: throw .empty
        case .betweenRows, .inRow: throw .truncatedArray(row: number)
        }
    }

    private mutating func inside(
        _ byte: UInt8, quoted: Bool
    ) throws(CandleFormatError) -> Result<CandleRow, RowRefusal>? {
        if byte == UInt8(ascii: "]") && !quoted {
            state = .betweenRows(comma: true)
            number += 1
            return verdict()
        }
        // No kline nests: a bracket inside a row means that this is something else.
        guard quoted || (byte != UInt8(ascii: "[") && byte != UInt8(ascii: "{")) else {
            throw .malformedArray(row: number)
        }
        if byte == UInt8(ascii: "\"") { state = .inRow(quoted: !quoted) }
        if row.count < LineSplitter.longestLine { row.append(byte) } else { isTooLong = true }
        return nil
    }

    private mutating func outside(_ byte: UInt8) throws(CandleFormatError) {
        if byte == 0x20 || (0x09...0x0D).contains(byte) { return }
        switch (state, byte) {
        case (.beforeArray, UInt8(ascii: "[")): state = .betweenRows(comma: false)
        case (.betweenRows(comma: false), UInt8(ascii: "[")): state = .inRow(quoted: false)
        case (.betweenRows(comma: true), UInt8(ascii: ",")): state = .betweenRows(comma: false)
        case (.betweenRows(let comma), UInt8(ascii: "]")) where comma || number == 0: state = .afterArray
        default: throw .malformedArray(row: number)
        }
    }

    private mutating func verdict() -> Result<CandleRow, RowRefusal> {
        defer {
            row.removeAll(keepingCapacity: true)
            isTooLong = false
        }
        guard !isTooLong else { return .failure(.lineTooLong) }
        let bytes = row
        return bytes.withUnsafeBufferPointer { line in
            Result { () throws(RowRefusal) in try parse(line) }
        }
    }

    private mutating func parse(_ line: UnsafeBufferPointer<UInt8>) throws(RowRefusal) -> CandleRow {
        var draft = CandleDraft(defaults)
        var start = 0
        for field in Self.fields {
            var end = start
            while end < line.count, line[end] != UInt8(ascii: ",") { end += 1 }
            try draft.set(field, Self.value(line, start..<end), names: &names)
            start = min(end + 1, line.count)
        }
        return try draft.row()
    }

    /// Without the white space and the quotes around it; `null` says nothing.
    private static func value(
        _ line: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
    ) -> UnsafeBufferPointer<UInt8> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, line[start] <= 0x20 { start += 1 }
        while end > start, line[end - 1] <= 0x20 { end -= 1 }
        if end - start >= 2, line[start] == UInt8(ascii: "\""), line[end - 1] == UInt8(ascii: "\"") {
            (start, end) = (start + 1, end - 1)
        }
        let bytes = UnsafeBufferPointer(rebasing: line[start..<end])
        return bytes.elementsEqual("null".utf8) ? UnsafeBufferPointer(rebasing: line[end..<end]) : bytes
    }
}
