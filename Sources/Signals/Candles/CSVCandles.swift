/// Rows of CSV under a header that names the columns (RFC 4180; LF or CRLF). Unknown columns are passed over.
/// A quoted field may hold commas and doubled quotes, but not a line break: no candle has one, and so a row
/// can never swallow those after it.
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
        var start = 0
        var names: [CandleField?] = []
        repeat {
            guard names.count < Self.mostColumns else { throw .tooManyColumns }
            let name: String
            do throws(RowRefusal) {
                switch try nextField(line, from: &start) {
                case .plain(let range): name = String(decoding: line[range], as: UTF8.self)
                case .unquoted: name = String(decoding: unquoted, as: UTF8.self)
                }
            } catch {
                throw .unreadableHeader
            }
            names.append(CandleField(name: String(name.drop { $0 == " " })))
        } while start <= line.count
        columns = names
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
        var (start, found) = (0, 0)
        repeat {
            let text = try nextField(line, from: &start)
            if found < columns.count, let field = columns[found] {
                switch text {
                case .plain(let range):
                    try draft.set(field, UnsafeBufferPointer(rebasing: line[range]), names: &names)
                case .unquoted: try setUnquoted(field, &draft)
                }
            }
            found += 1
        } while start <= line.count
        guard found == columns.count else { throw .fieldCount(expected: columns.count, found: found) }
        return try draft.row()
    }

    private enum Field {
        case plain(Range<Int>)
        /// What was between the quotes is in `unquoted`.
        case unquoted
    }

    /// Moves `start` behind the comma; behind the end of the line when there is none.
    @inline(__always)
    private mutating func nextField(
        _ line: UnsafeBufferPointer<UInt8>, from start: inout Int
    ) throws(RowRefusal) -> Field {
        let first = start
        if first < line.count, line[first] == UInt8(ascii: "\"") {
            start = try unquote(line, from: first + 1) + 1
            return .unquoted
        }
        var end = first
        while end < line.count, line[end] != UInt8(ascii: ",") { end += 1 }
        start = end + 1
        return .plain(first..<end)
    }

    private mutating func setUnquoted(_ field: CandleField, _ draft: inout CandleDraft) throws(RowRefusal) {
        let text = unquoted
        try text.withUnsafeBufferPointer { bytes throws(RowRefusal) in
            try draft.set(field, bytes, names: &names)
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
}
