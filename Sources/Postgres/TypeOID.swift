/// PostgreSQL's type numbers (pg_type.dat), fixed since they were given.
enum TypeOID {
    static let unknown: UInt32 = 0
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let oid: UInt32 = 26
    static let json: UInt32 = 114
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let timestamptz: UInt32 = 1_184
    static let numeric: UInt32 = 1_700
    static let uuid: UInt32 = 2_950
    static let jsonb: UInt32 = 3_802

    static let boolArray: UInt32 = 1_000
    static let byteaArray: UInt32 = 1_001
    static let int2Array: UInt32 = 1_005
    static let int4Array: UInt32 = 1_007
    static let textArray: UInt32 = 1_009
    static let int8Array: UInt32 = 1_016
    static let float8Array: UInt32 = 1_022
    static let timestamptzArray: UInt32 = 1_185
    static let uuidArray: UInt32 = 2_951
    static let jsonbArray: UInt32 = 3_807

    /// Types whose binary form is not their text: reading them as text would show nonsense.
    static let notText: Set<UInt32> = [
        bool, bytea, int8, int2, int4, oid, float4, float8, timestamptz, numeric, uuid, jsonb,
        869, 650, 1_082, 1_083, 1_114, 1_186,
    ]
}
