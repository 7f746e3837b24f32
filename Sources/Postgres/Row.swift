package import Kernel

/// One row. Columns count from 0 and are read by the type that the statement gives them; reading another
/// type, or a null as a value, is our own mistake and traps.
package struct Row {
    let rows: Rows
    let index: Int

    package func isNull(_ column: Int) -> Bool { rows.isNull(index, column) }

    package func bool(_ column: Int) -> Bool { fixed(column, 1, TypeOID.bool)[0] != 0 }

    /// int2, int4 or int8.
    package func int(_ column: Int) -> Int { Int(int64(column)) }

    /// int2, int4 or int8.
    package func int64(_ column: Int) -> Int64 {
        let bytes = rows.field(index, column)
        assertType(column, [TypeOID.int8, TypeOID.int4, TypeOID.int2, TypeOID.oid])
        switch bytes.count {
        case 8: return bytes.number(Int64.self)
        case 4: return Int64(bytes.number(Int32.self))
        case 2: return Int64(bytes.number(Int16.self))
        default: preconditionFailure("column \(column) is no integer")
        }
    }

    /// float8 or float4.
    package func double(_ column: Int) -> Double {
        let bytes = rows.field(index, column)
        assertType(column, [TypeOID.float8, TypeOID.float4])
        if bytes.count == 4 { return Double(Float(bitPattern: bytes.number(UInt32.self))) }
        precondition(bytes.count == 8, "column \(column) is no float")
        return Double(bitPattern: bytes.number(UInt64.self))
    }

    package func uuid(_ column: Int) -> UUID { UUID(bytes: fixed(column, 16, TypeOID.uuid)) }

    package func id<Kind>(_ column: Int, as kind: Kind.Type = Kind.self) -> ID<Kind> { ID(uuid(column)) }

    package func timestamp(_ column: Int) -> Timestamp {
        PostgresTime.decode(fixed(column, 8, TypeOID.timestamptz).number(Int64.self))
    }

    /// text, varchar, name, or an enum. Numeric, inet and the like: cast to text in the statement.
    package func text(_ column: Int) -> String {
        assert(
            !TypeOID.notText.contains(rows.type(column)),
            "column \(column) is no text: cast it in the statement")
        return String(decoding: rows.field(index, column), as: UTF8.self)
    }

    package func bytes(_ column: Int) -> [UInt8] {
        assertType(column, [TypeOID.bytea])
        return Array(rows.field(index, column))
    }

    /// The text of json or jsonb.
    package func json(_ column: Int) -> [UInt8] {
        let bytes = rows.field(index, column)
        assertType(column, [TypeOID.json, TypeOID.jsonb])
        return rows.type(column) == TypeOID.jsonb ? Array(bytes.dropFirst()) : Array(bytes)
    }

    /// The field's bytes as PostgreSQL sent them, valid inside `body` only.
    package func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
        -> Result
    {
        try body(rows.field(index, column))
    }

    private func fixed(_ column: Int, _ size: Int, _ type: UInt32) -> UnsafeRawBufferPointer {
        let bytes = rows.field(index, column)
        assertType(column, [type])
        precondition(
            bytes.count == size, "column \(column) has \(bytes.count) bytes where \(size) were expected")
        return bytes
    }

    func assertType(_ column: Int, _ expected: @autoclosure () -> [UInt32]) {
        assert(
            expected().contains(rows.type(column)),
            "column \(column) has type \(rows.type(column)), read as one of \(expected())")
    }
}

// MARK: Columns that may be null

extension Row {
    package func optionalBool(_ column: Int) -> Bool? { isNull(column) ? nil : bool(column) }
    package func optionalInt(_ column: Int) -> Int? { isNull(column) ? nil : int(column) }
    package func optionalInt64(_ column: Int) -> Int64? { isNull(column) ? nil : int64(column) }
    package func optionalDouble(_ column: Int) -> Double? { isNull(column) ? nil : double(column) }
    package func optionalUUID(_ column: Int) -> UUID? { isNull(column) ? nil : uuid(column) }
    package func optionalTimestamp(_ column: Int) -> Timestamp? { isNull(column) ? nil : timestamp(column) }
    package func optionalText(_ column: Int) -> String? { isNull(column) ? nil : text(column) }
    package func optionalBytes(_ column: Int) -> [UInt8]? { isNull(column) ? nil : bytes(column) }
    package func optionalJSON(_ column: Int) -> [UInt8]? { isNull(column) ? nil : json(column) }

    package func optionalID<Kind>(_ column: Int, as kind: Kind.Type = Kind.self) -> ID<Kind>? {
        isNull(column) ? nil : id(column)
    }
}

extension UnsafeRawBufferPointer {
    /// A big-endian number at `offset`.
    func number<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int = 0) -> Number {
        precondition(offset + MemoryLayout<Number>.size <= count, "a field ends early")
        return Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
