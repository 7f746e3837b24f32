package import Kernel

/// Arrays of one dimension. Nulls inside are read by the optional forms only.
extension Row {
    package func boolArray(_ column: Int) -> [Bool] {
        array(column, TypeOID.boolArray) { $0[0] != 0 }
    }

    package func int64Array(_ column: Int) -> [Int64] {
        array(column, TypeOID.int8Array, TypeOID.int4Array, TypeOID.int2Array) { bytes in
            switch bytes.count {
            case 2: Int64(bytes.number(Int16.self))
            case 4: Int64(bytes.number(Int32.self))
            default: bytes.number(Int64.self)
            }
        }
    }

    package func doubleArray(_ column: Int) -> [Double] {
        array(column, TypeOID.float8Array) { Double(bitPattern: $0.number(UInt64.self)) }
    }

    package func optionalDoubleArray(_ column: Int) -> [Double?] {
        optionalArray(column, [TypeOID.float8Array]) { Double(bitPattern: $0.number(UInt64.self)) }
    }

    /// text[], or an array of an enum.
    package func textArray(_ column: Int) -> [String] {
        array(column) { String(decoding: $0, as: UTF8.self) }
    }

    package func optionalTextArray(_ column: Int) -> [String?] {
        optionalArray(column, []) { String(decoding: $0, as: UTF8.self) }
    }

    package func uuidArray(_ column: Int) -> [UUID] {
        array(column, TypeOID.uuidArray) { UUID(bytes: $0) }
    }

    package func idArray<Kind>(_ column: Int, as kind: Kind.Type = Kind.self) -> [ID<Kind>] {
        array(column, TypeOID.uuidArray) { ID(UUID(bytes: $0)) }
    }

    package func timestampArray(_ column: Int) -> [Timestamp] {
        array(column, TypeOID.timestamptzArray) { PostgresTime.decode($0.number(Int64.self)) }
    }

    package func byteaArray(_ column: Int) -> [[UInt8]] {
        array(column, TypeOID.byteaArray) { Array($0) }
    }

    private func array<Element>(
        _ column: Int, _ types: UInt32..., decode: (UnsafeRawBufferPointer) -> Element
    ) -> [Element] {
        optionalArray(column, types, decode: decode).map { element in
            guard let element else { preconditionFailure("column \(column) has a null in its array") }
            return element
        }
    }

    /// The form of array_send in PostgreSQL's arrayfuncs.c: dimensions, flags, element type, then length and
    /// bounds.
    private func optionalArray<Element>(
        _ column: Int, _ types: [UInt32], decode: (UnsafeRawBufferPointer) -> Element
    ) -> [Element?] {
        let bytes = rows.field(index, column)
        if !types.isEmpty { assertType(column, types) }
        let dimensions = bytes.number(Int32.self)
        if dimensions == 0 { return [] }
        precondition(dimensions == 1, "column \(column) has \(dimensions) dimensions")
        let count = Int(bytes.number(Int32.self, at: 12))
        var position = 20
        return (0..<count).map { _ in
            let length = Int(bytes.number(Int32.self, at: position))
            position += 4
            guard length >= 0 else { return nil }
            defer { position += length }
            return decode(UnsafeRawBufferPointer(rebasing: bytes[position..<position + length]))
        }
    }
}
