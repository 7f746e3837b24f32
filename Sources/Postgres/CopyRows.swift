package import Kernel

/// Rows in the binary format of `copy … from stdin (format binary)`: built in one buffer, handed over in
/// pieces.
///
///     var rows = CopyRows(columns: 3)
///     rows.beginRow(); rows.append(id); rows.append(time); rows.append(price)
///     try await writer.write(rows.take())      // whenever `count` is some tens of kilobytes
///     try await writer.write(rows.finish())
package struct CopyRows {
    private var writer = BinaryWriter()
    private let columns: Int16

    /// The signature of the format, no flags, no extension (PostgreSQL's manual, COPY, "Binary Format").
    package init(columns: Int) {
        self.columns = Int16(columns)
        writer.append([0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0])
        writer.append(Int64(0))
    }

    /// Bytes that wait to be taken.
    package var count: Int { writer.bytes.count }

    package mutating func beginRow() { writer.append(columns) }

    package mutating func appendNull() { writer.append(Int32(-1)) }
    package mutating func append(_ value: Bool) { writer.field(value) { $0.append($1) } }
    package mutating func append(_ value: Int16) { fixed(2, value) }
    package mutating func append(_ value: Int32) { fixed(4, value) }
    package mutating func append(_ value: Int64) { fixed(8, value) }
    package mutating func append(_ value: Double) { fixed(8, value.bitPattern) }
    package mutating func append(_ value: Timestamp) { fixed(8, PostgresTime.encode(value)) }
    package mutating func append(_ value: String) { writer.field(value) { $0.append($1) } }
    package mutating func append(_ value: [UInt8]) { writer.field(value) { $0.append($1) } }
    package mutating func append(json value: [UInt8]) { writer.field(value) { $0.append(json: $1) } }

    package mutating func append(_ value: UUID) {
        fixed(16, value.high)
        writer.append(value.low)
    }

    package mutating func append(_ value: Double?) {
        if let value { append(value) } else { appendNull() }
    }

    package mutating func append(_ value: Int64?) {
        if let value { append(value) } else { appendNull() }
    }

    package mutating func append(_ value: String?) {
        if let value { append(value) } else { appendNull() }
    }

    /// The rows so far; the buffer begins anew.
    package mutating func take() -> [UInt8] {
        defer { writer = BinaryWriter(capacity: writer.bytes.count) }
        return writer.bytes
    }

    /// The rest, with the end mark.
    package mutating func finish() -> [UInt8] {
        writer.append(Int16(-1))
        return take()
    }

    private mutating func fixed<Number: FixedWidthInteger>(_ length: Int32, _ value: Number) {
        writer.append(length)
        writer.append(value)
    }
}
