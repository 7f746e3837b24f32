package import Kernel

/// A value for `$n`, with its type; nil is null of that type.
///
/// `text` takes whatever type the statement gives to `$n` (enum, numeric, inet, interval: as PostgreSQL reads
/// them). All others come with a type; where the column's is another, cast in SQL: `$2::smallint`,
/// `$1::text[]::state[]`.
package enum Parameter: Sendable {
    case null
    case bool(Bool?)
    case int16(Int16?)
    case int32(Int32?)
    case int64(Int64?)
    case double(Double?)
    case text(String?)
    case uuid(UUID?)
    case timestamp(Timestamp?)
    case bytes([UInt8]?)
    /// JSON text, for json and jsonb.
    case json([UInt8]?)
    case boolArray([Bool]?)
    case int16Array([Int16]?)
    case int32Array([Int32]?)
    case int64Array([Int64]?)
    case doubleArray([Double]?)
    case textArray([String]?)
    /// The same, of texts that are there as UTF-8.
    case utf8Array([[UInt8]])
    case uuidArray([UUID]?)
    case timestampArray([Timestamp]?)
    case byteaArray([[UInt8]]?)
    case jsonArray([[UInt8]]?)
    /// Arrays with nulls in them, for columns of a batch that may be empty.
    case optionalTextArray([String?])
    case optionalInt64Array([Int64?])
    case optionalDoubleArray([Double?])
    case optionalUUIDArray([UUID?])
    case optionalTimestampArray([Timestamp?])

    package static func int(_ value: Int?) -> Parameter { .int64(value.map(Int64.init)) }

    package static func id<Kind>(_ value: ID<Kind>?) -> Parameter { .uuid(value?.uuid) }

    /// No key path: of a generic type it is looked up anew at every call, longer than the array takes.
    package static func idArray<Kind>(_ values: [ID<Kind>]) -> Parameter {
        .uuidArray(values.map { $0.uuid })
    }
}

extension Parameter {
    /// What `$n` is declared as; `unknown` lets the statement decide.
    var type: UInt32 {
        switch self {
        case .null, .text: TypeOID.unknown
        case .bool: TypeOID.bool
        case .int16: TypeOID.int2
        case .int32: TypeOID.int4
        case .int64: TypeOID.int8
        case .double: TypeOID.float8
        case .uuid: TypeOID.uuid
        case .timestamp: TypeOID.timestamptz
        case .bytes: TypeOID.bytea
        case .json: TypeOID.jsonb
        default: arrayType
        }
    }

    private var arrayType: UInt32 {
        switch self {
        case .boolArray: TypeOID.boolArray
        case .int16Array: TypeOID.int2Array
        case .int32Array: TypeOID.int4Array
        case .int64Array, .optionalInt64Array: TypeOID.int8Array
        case .doubleArray, .optionalDoubleArray: TypeOID.float8Array
        case .textArray, .utf8Array, .optionalTextArray: TypeOID.textArray
        case .uuidArray, .optionalUUIDArray: TypeOID.uuidArray
        case .timestampArray, .optionalTimestampArray: TypeOID.timestamptzArray
        case .byteaArray: TypeOID.byteaArray
        case .jsonArray: TypeOID.jsonbArray
        default: TypeOID.unknown
        }
    }
}
