import Kernel

/// Conversions between types, by the functions that are named like them.
enum Conversion {
    typealias Failure = Evaluator.Failure

    static let zoneHint = "a time zone is UTC or an offset such as +02:00"

    /// Nil when there is no conversion between these types.
    static func apply(_ function: Function, _ value: Value) throws(Failure) -> Value? {
        switch function {
        case .string: return try string(value)
        case .bytes:
            if case .string(let text) = value { return .bytes(Array(text.utf8)) }
        case .bool:
            if case .string(let text) = value { return .bool(try bool(text)) }
        case .int: return try int(value)
        case .uint: return try uint(value)
        case .double: return try double(value)
        case .timestamp:
            if case .string(let text) = value {
                return .timestamp(try or(Instant(text), "no RFC 3339 time within the years 1 to 9999"))
            }
            if case .int(let seconds) = value {
                return .timestamp(try ranged(Instant(seconds: seconds, nanoseconds: 0), "a timestamp"))
            }
        case .duration:
            if case .string(let text) = value {
                return .duration(try or(Span(text), "no duration such as 1h30m, or beyond its range"))
            }
        case .ip:
            if case .string(let text) = value { return .ip(try or(IPAddress(text), "no IP address")) }
        case .cidr:
            if case .string(let text) = value {
                return .cidr(try or(CIDR(text), "no range of addresses such as 10.0.0.0/8"))
            }
        case .decimal: return try decimal(value)
        default: return nil
        }
        return value.typeName.rawValue == name(of: function) ? value : nil
    }

    /// What the type is called that a function converts to.
    private static func name(of function: Function) -> String {
        switch function {
        case .timestamp: TypeName.timestamp.rawValue
        case .duration: TypeName.duration.rawValue
        case .ip: TypeName.ip.rawValue
        case .cidr: TypeName.cidr.rawValue
        default: function.rawValue
        }
    }

    private static func or<T>(_ value: T?, _ message: String) throws(Failure) -> T {
        guard let value else { throw Failure(.invalidArgument, message) }
        return value
    }

    private static func ranged<T>(_ value: T?, _ type: String) throws(Failure) -> T {
        guard let value else { throw Failure(.outOfRange, "the number lies outside the range of \(type)") }
        return value
    }

    private static func string(_ value: Value) throws(Failure) -> Value? {
        switch value {
        case .bytes: return .string(try or(value.text, "the bytes are no UTF-8"))
        case .type: return nil
        default: return value.text.map { .string($0) }
        }
    }

    private static func bool(_ text: String) throws(Failure) -> Bool {
        switch text {
        case "true", "True", "TRUE", "t", "1": return true
        case "false", "False", "FALSE", "f", "0": return false
        default: throw Failure(.invalidArgument, "neither true nor false")
        }
    }

    private static func int(_ value: Value) throws(Failure) -> Value? {
        switch value {
        case .int: return value
        case .uint(let number): return .int(try ranged(Int64(exactly: number), "int"))
        case .double(let number):
            // Its edges are no ints that a double could mean exactly.
            let isWithin = number > -0x1p63 && number < 0x1p63
            return .int(try ranged(isWithin ? Int64(number) : nil, "int"))
        case .string(let text): return .int(try or(NumberText.readInt(text), "no whole number of 64 bits"))
        case .timestamp(let instant): return .int(instant.seconds)
        default: return nil
        }
    }

    private static func uint(_ value: Value) throws(Failure) -> Value? {
        switch value {
        case .uint: return value
        case .int(let number): return .uint(try ranged(UInt64(exactly: number), "uint"))
        case .double(let number):
            let isWithin = number >= 0 && number < 0x1p64
            return .uint(try ranged(isWithin ? UInt64(number) : nil, "uint"))
        case .string(let text):
            return .uint(try or(NumberText.readInt(text), "no whole number of 64 bits without a sign"))
        default: return nil
        }
    }

    private static func double(_ value: Value) throws(Failure) -> Value? {
        switch value {
        case .double: return value
        case .int(let number): return .double(Double(number))
        case .uint(let number): return .double(Double(number))
        case .string(let text): return .double(try or(NumberText.readDouble(text), "no number"))
        case .decimal(let number): return .double(try ranged(Double(number.description), "double"))
        default: return nil
        }
    }

    private static func decimal(_ value: Value) throws(Failure) -> Value? {
        switch value {
        case .decimal: return value
        case .int(let number): return .decimal(Decimal(exactly: Int(number)))
        case .uint(let number): return .decimal(try ranged(Decimal(String(number)), "decimal"))
        case .string(let text):
            return .decimal(try or(Decimal(text), "no decimal number such as 0.1, of at most 36 digits"))
        default: return nil
        }
    }
}
