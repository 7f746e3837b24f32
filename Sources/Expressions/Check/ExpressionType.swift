/// What the checker knows of a value before there is one.
package indirect enum ExpressionType: Hashable, Sendable {
    /// Anything: known only when there is a value.
    case dyn
    case null, bool, int, uint, double, string, bytes, timestamp, duration, type, ip, cidr, decimal
    case list(ExpressionType)
    case map(ExpressionType, ExpressionType)
    /// Or null. It may stand where the type itself may; a null there is an error when it is met.
    case nullable(ExpressionType)
    case object(ObjectType)
}

extension ExpressionType {
    var isNumber: Bool { self == .int || self == .uint || self == .double }

    /// Without "or null".
    var bare: ExpressionType {
        if case .nullable(let type) = self { type } else { self }
    }

    /// With its article, for messages.
    var noun: String {
        switch self {
        case .dyn: "anything"
        case .null: "null"
        case .bool: "a boolean"
        case .int: "a whole number (int)"
        case .uint: "a whole number without a sign (uint)"
        case .double: "a number (double)"
        case .string: "a string"
        case .bytes: "bytes"
        case .timestamp: "a timestamp"
        case .duration: "a duration"
        case .type: "a type"
        case .ip: "an IP address"
        case .cidr: "a range of addresses (cidr)"
        case .decimal: "a decimal"
        case .list(.dyn): "a list"
        case .list(let element): "a list of \(element.plural)"
        case .map: "a map"
        case .nullable(let type): "\(type.noun) or null"
        case .object(let object): "an object (\(object.name))"
        }
    }

    private var plural: String {
        switch self {
        case .string: "strings"
        case .int, .uint, .double: "numbers"
        case .bool: "booleans"
        default: "values"
        }
    }

    /// Whether a value of this type may stand where `other` is wanted.
    func fits(_ other: ExpressionType) -> Bool {
        switch (self, other) {
        case (.dyn, _), (_, .dyn): true
        case (.nullable(let type), _): type.fits(other.bare)
        case (.null, .nullable): true
        case (_, .nullable(let type)): fits(type)
        case (.list(let a), .list(let b)): a.fits(b)
        case (.map(let a, let b), .map(let c, let d)): a.fits(c) && b.fits(d)
        default: self == other
        }
    }

    /// Whether `==` between them can be true.
    func isComparable(to other: ExpressionType) -> Bool {
        switch (self, other) {
        case (.null, .nullable), (.nullable, .null): true
        case (.nullable(let a), let b), (let a, .nullable(let b)): a.isComparable(to: b)
        case (.list(let a), .list(let b)): a.isComparable(to: b)
        case (.map(let a, let b), .map(let c, let d)): a.isComparable(to: c) && b.isComparable(to: d)
        default: fits(other) || (isNumber && other.isNumber)
        }
    }

    /// What both are; nil when only `dyn` is.
    func joined(with other: ExpressionType) -> ExpressionType? {
        switch (self, other) {
        case (.dyn, _), (_, .dyn): return .dyn
        case (.null, .null): return .null
        case (.null, _): return .nullable(other.bare)
        case (_, .null): return .nullable(bare)
        case (.list(let a), .list(let b)): return .list(a.joined(with: b) ?? .dyn)
        case (.map(let a, let b), .map(let c, let d)):
            return .map(a.joined(with: c) ?? .dyn, b.joined(with: d) ?? .dyn)
        case (.nullable(let a), _): return a.joined(with: other.bare).map { .nullable($0) }
        case (_, .nullable(let b)): return joined(with: b).map { .nullable($0) }
        default: return self == other ? self : nil
        }
    }
}
