/// Rows of CSV under a header that names the columns (RFC 4180; LF or CRLF). Unknown columns are passed over. A
/// quoted field may hold commas and doubled quotes, but not a line break: no candle has one, and so a row can
/// never swallow those after it.
struct CSVCandles: Sendable {
    /// More columns than any export has; bounds the header.
    static let mostColumns = 64

    private let defaults: CandleDefaults
    private var columns: [CandleField?] = []
    private var names = NameCache()
    private var unquoted: [UInt8] = []

    init(defaults: CandleDefaults) { self.defaults = defaults }

    var hasHeader: Bool { !columns.isEmpty }

    mutating func readHeader(_ line: UnsafeBufferPointer<UInt8>) throws(CandleFormatError) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let start = line.starts(with: mark) ? mark.count : 0
        var names: [String] = []
        do throws(RowRefusal) {
            try eachField(UnsafeBufferPointer(rebasing: line[start...])) { _, bytes in
                names.append(String(decoding: bytes, as: UTF8.self))
            }
        } catch {
            throw .unreadableHeader
        }
        guard names.count <= Self.mostColumns else { throw .tooManyColumns }
        columns = names.map { CandleField(name: String($0.drop { $0 == " " })) }
        try checkColumns()
    }

    private func checkColumns() throws(CandleFormatError) {
        for field in CandleField.allCases where columns.filter({ $0 == field }).count > 1 {
            throw .repeatedColumn(field.rawValue)
        }
        var required: [CandleField] = [.time, .open, .high, .low, .close, .volume]
        if defaults.token == nil { required.append(.token) }
        if defaults.source == nil { required.append(.source) }
        if defaults.interval == nil { required.append(.interval) }
        let missing = required.filter { !columns.contains($0) }
        guard missing.isEmpty else { throw .missingColumns(missing.map(\.rawValue)) }
    }

    mutating func row(_ line: UnsafeBufferPointer<UInt8>) throws(RowRefusal) -> CandleRow {
        var draft = CandleDraft(defaults)
        var names = names
        let columns = columns
        var found = 0
        try eachField(line) { index, bytes throws(RowRefusal) in
            found = index + 1
            guard index < columns.count, let field = columns[index] else { return }
            try draft.set(field, bytes, names: &names)
        }
        self.names = names
        guard found == columns.count else { throw .fieldCount(expected: columns.count, found: found) }
        return try draft.row()
    }

    @inline(__always)
    private mutating func eachField(
        _ line: UnsafeBufferPointer<UInt8>,
        _ take: (Int, UnsafeBufferPointer<UInt8>) throws(RowRefusal) -> Void
    ) throws(RowRefusal) {
        var (index, start) = (0, 0)
        while true {
            if start < line.count, line[start] == UInt8(ascii: "\"") {
                start = try unquote(line, from: start + 1)
                try withUnquoted { bytes throws(RowRefusal) in try take(index, bytes) }
            } else {
                var end = start
                while end < line.count, line[end] != UInt8(ascii: ",") { end += 1 }
                try take(index, UnsafeBufferPointer(rebasing: line[start..<end]))
                start = end
            }
            guard start < line.count else { return }
            start += 1
            index += 1
        }
    }

    /// Reads a quoted field into `unquoted`; returns where its comma, or the end of the line, is.
    private mutating func unquote(
        _ line: UnsafeBufferPointer<UInt8>, from start: Int
    ) throws(RowRefusal) -> Int {
        unquoted.removeAll(keepingCapacity: true)
        var position = start
        while position < line.count {
            let byte = line[position]
            position += 1
            if byte != UInt8(ascii: "\"") {
                unquoted.append(byte)
            } else if position < line.count, line[position] == UInt8(ascii: "\"") {
                unquoted.append(byte)
                position += 1
            } else if position == line.count || line[position] == UInt8(ascii: ",") {
                return position
            } else {
                throw .unclosedQuote
            }
        }
        throw .unclosedQuote
    }

    private func withUnquoted(
        _ take: (UnsafeBufferPointer<UInt8>) throws(RowRefusal) -> Void
    ) throws(RowRefusal) {
        let copy = unquoted
        try copy.withUnsafeBufferPointer { bytes throws(RowRefusal) in try take(bytes) }
    }
}
