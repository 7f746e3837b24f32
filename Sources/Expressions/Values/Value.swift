package import Kernel

/// A value of CEL, and of our own types.
package enum Value: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list([Value])
    case map(ValueMap)
    case timestamp(Instant)
    case duration(Span)
    case type(TypeName)
    /// Something with named fields that the caller keeps: an event, a request, an object of JSON.
    indirect case object(any FieldSource)
    indirect case ip(IPAddress)
    indirect case cidr(CIDR)
    indirect case decimal(Decimal)
}

/// What has named fields. Asked field by field, so that nothing is copied that no expression reads.
package protocol FieldSource: Sendable {
    func field(_ name: String) -> FieldValue
    /// For loops over it, `size` and equality; in an order that does not change.
    var fieldNames: [String] { get }
}

package enum FieldValue: Sendable {
    case value(Value)
    case absent
    /// It is there, but is no value of CEL: why.
    case unusable(String)
}

/// What `type()` tells.
package enum TypeName: String, Sendable, CaseIterable {
    case null = "null_type"
    case bool, int, uint, double, string, bytes, list, map, type
    case timestamp = "google.protobuf.Timestamp"
    case duration = "google.protobuf.Duration"
    case ip = "net.IP"
    case cidr = "net.CIDR"
    case decimal
}

extension Value {
    package var typeName: TypeName {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .list: .list
        case .map, .object: .map
        case .timestamp: .timestamp
        case .duration: .duration
        case .type: .type
        case .ip: .ip
        case .cidr: .cidr
        case .decimal: .decimal
        }
    }
}

/// Entries in the order in which they were written, found by key.
package struct ValueMap: Sendable {
    package let entries: [(key: Value, value: Value)]
    private let positions: [MapKey: Int]

    /// Nil when a key stands twice, or is none of bool, int, uint and string.
    package init?(_ entries: [(key: Value, value: Value)]) {
        var positions: [MapKey: Int] = [:]
        for (position, entry) in entries.enumerated() {
            guard let key = MapKey(entry.key), positions.updateValue(position, forKey: key) == nil else {
                return nil
            }
        }
        (self.entries, self.positions) = (entries, positions)
    }

    package subscript(key: Value) -> Value? {
        MapKey(looking: key).flatMap { positions[$0] }.map { entries[$0].value }
    }
}

/// A key of a map. Numbers are equal across their types, as everywhere in CEL.
private enum MapKey: Hashable {
    case bool(Bool)
    case int(Int64)
    /// Above `Int64.max`.
    case uint(UInt64)
    case string(ExactText)

    init?(_ value: Value) {
        switch value {
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .uint(let value): self = Int64(exactly: value).map { .int($0) } ?? .uint(value)
        case .string(let value): self = .string(ExactText(text: value))
        default: return nil
        }
    }

    /// A double without a fraction finds an int.
    init?(looking value: Value) {
        guard case .double(let double) = value else {
            self.init(value)
            return
        }
        if let int = Int64(exactly: double) {
            self = .int(int)
        } else if let uint = UInt64(exactly: double) {
            self = .uint(uint)
        } else {
            return nil
        }
    }
}

/// A string that is hashed and compared by its code points.
private struct ExactText: Hashable {
    let text: String

    static func == (a: ExactText, b: ExactText) -> Bool { a.text.isExactly(b.text) }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(UInt8(0xFF))
    }
}

extension String {
    /// Code point for code point; Swift's `==` takes canonically equivalent texts for equal.
    func isExactly(_ other: String) -> Bool {
        let (a, b) = (utf8Span.span, other.utf8Span.span)
        guard a.count == b.count else { return false }
        for index in a.indices where a[index] != b[index] { return false }
        return true
    }
}
