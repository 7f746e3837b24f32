import Kernel

/// Encodes the parameters of one statement into one buffer that is used again for the next.
struct ParameterEncoder {
    private(set) var writer = BinaryWriter()
    /// Where each value begins; -1 is null.
    private(set) var offsets: [Int] = []
    private(set) var lengths: [Int32] = []
    private(set) var formats: [Int32] = []
    /// PostgreSQL has no text with a zero byte, and libpq would silently cut it there.
    private(set) var hasZeroInText = false

    static let textFormat: Int32 = 0
    static let binaryFormat: Int32 = 1

    mutating func encode(_ parameters: [Parameter]) {
        writer.removeAll()
        offsets.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        formats.removeAll(keepingCapacity: true)
        hasZeroInText = false
        for parameter in parameters { encode(parameter) }
        // An empty value at the end needs an address too: without one it would be null.
        writer.append(UInt8(0))
    }

    /// FNV-1a over the declared types.
    static func signature(_ parameters: [Parameter]) -> UInt64 {
        parameters.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1.type)) &* 0x0000_0100_0000_01B3 }
    }

    private mutating func encode(_ parameter: Parameter) {
        switch parameter {
        case .null: null()
        case .bool(let value): scalar(value) { $0.append($1) }
        case .int16(let value): scalar(value) { $0.append($1) }
        case .int32(let value): scalar(value) { $0.append($1) }
        case .int64(let value): scalar(value) { $0.append($1) }
        case .double(let value): scalar(value) { $0.append($1) }
        case .uuid(let value): scalar(value) { $0.append($1) }
        case .timestamp(let value): scalar(value) { $0.append($1) }
        case .bytes(let value): scalar(value) { $0.append($1) }
        case .json(let value): scalar(value) { $0.append(json: $1) }
        case .text(let value): text(value)
        default: encodeArray(parameter)
        }
    }

    private mutating func encodeArray(_ parameter: Parameter) {
        switch parameter {
        case .boolArray(let values): plain(values, of: TypeOID.bool) { $0.append($1) }
        case .int16Array(let values): numbers(values, of: TypeOID.int2) { $0 }
        case .int32Array(let values): numbers(values, of: TypeOID.int4) { $0 }
        case .int64Array(let values): numbers(values, of: TypeOID.int8) { $0 }
        case .doubleArray(let values): numbers(values, of: TypeOID.float8) { $0.bitPattern }
        case .textArray(let values): texts(values) { $0.text($1) }
        case .utf8Array(let values): texts(values) { $0.text($1) }
        case .uuidArray(let values): plain(values, of: TypeOID.uuid) { $0.append($1) }
        case .timestampArray(let values): numbers(values, of: TypeOID.timestamptz) { PostgresTime.encode($0) }
        case .byteaArray(let values): plain(values, of: TypeOID.bytea) { $0.append($1) }
        case .jsonArray(let values): plain(values, of: TypeOID.jsonb) { $0.append(json: $1) }
        case .optionalTextArray(let values): array(values, of: TypeOID.text) { $0.append($1) }
        case .optionalInt64Array(let values): array(values, of: TypeOID.int8) { $0.append($1) }
        case .optionalDoubleArray(let values): array(values, of: TypeOID.float8) { $0.append($1) }
        case .optionalUUIDArray(let values): array(values, of: TypeOID.uuid) { $0.append($1) }
        case .optionalTimestampArray(let values): array(values, of: TypeOID.timestamptz) { $0.append($1) }
        default: preconditionFailure("a scalar among the arrays")
        }
    }

    private mutating func scalar<Value>(_ value: Value?, _ write: (inout BinaryWriter, Value) -> Void) {
        guard let value else { return null() }
        let start = writer.bytes.count
        write(&writer, value)
        append(from: start, Self.binaryFormat)
    }

    private mutating func array<Value>(
        _ values: [Value?], of type: UInt32, _ write: (inout BinaryWriter, Value) -> Void
    ) {
        let start = writer.bytes.count
        writer.array(values.count, hasNulls: values.contains { $0 == nil }, of: type)
        for value in values { writer.field(value, write) }
        append(from: start, Self.binaryFormat)
    }

    /// Not by way of optionals: each element of an array would be cast to one by itself.
    private mutating func plain<Value>(
        _ values: [Value]?, of type: UInt32, _ write: (inout BinaryWriter, Value) -> Void
    ) {
        guard let values else { return null() }
        let start = writer.bytes.count
        writer.array(values.count, hasNulls: false, of: type)
        for value in values { writer.field(value, write) }
        append(from: start, Self.binaryFormat)
    }

    private mutating func numbers<Value>(
        _ values: [Value]?, of type: UInt32, _ bits: (Value) -> some FixedWidthInteger
    ) {
        guard let values else { return null() }
        let start = writer.bytes.count
        writer.array(values.count, hasNulls: false, of: type)
        writer.numbers(values, bits)
        append(from: start, Self.binaryFormat)
    }

    /// Without the general way's optionals: the batch of signatures sends a dozen such arrays.
    private mutating func texts<Text>(_ values: [Text]?, _ write: (inout BinaryWriter, Text) -> Void) {
        guard let values else { return null() }
        let start = writer.bytes.count
        writer.array(values.count, hasNulls: false, of: TypeOID.text)
        for value in values { write(&writer, value) }
        append(from: start, Self.binaryFormat)
    }

    /// As text with an end mark, so that PostgreSQL reads it as whatever type `$n` has.
    private mutating func text(_ value: String?) {
        guard let value else { return null() }
        let start = writer.bytes.count
        writer.append(value)
        append(from: start, Self.textFormat)
        if value.utf8.contains(0) { hasZeroInText = true }
        writer.append(UInt8(0))
    }

    private mutating func null() {
        offsets.append(-1)
        lengths.append(0)
        formats.append(Self.binaryFormat)
    }

    private mutating func append(from start: Int, _ format: Int32) {
        offsets.append(start)
        lengths.append(Int32(writer.bytes.count - start))
        formats.append(format)
    }
}
