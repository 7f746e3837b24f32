package import Kernel

/// A value that knows how to write itself as exactly one JSON value.
public protocol JSONWritable {
    func write(to w: inout JSONWriter)
}

extension String: JSONWritable {
    @inlinable public func write(to w: inout JSONWriter) { w.string(self) }
}

extension Substring: JSONWritable {
    @inlinable public func write(to w: inout JSONWriter) { w.string(String(self)) }
}

extension Bool: JSONWritable {
    @inlinable public func write(to w: inout JSONWriter) { w.bool(self) }
}

extension Int: JSONWritable {
    @inlinable public func write(to w: inout JSONWriter) { w.integer(Int64(self)) }
}

extension Int32: JSONWritable {
    @inlinable public func write(to w: inout JSONWriter) { w.integer(Int64(self)) }
}

extension Int64: JSONWritable {
    @inlinable public func write(to w: inout JSONWriter) { w.integer(self) }
}

extension UInt64: JSONWritable {
    @inlinable public func write(to w: inout JSONWriter) { w.unsigned(self) }
}

extension Double: JSONWritable {
    @inlinable public func write(to w: inout JSONWriter) { w.double(self) }
}

extension Timestamp: JSONWritable {
    package func write(to w: inout JSONWriter) { w.moment(self) }
}

extension Optional: JSONWritable where Wrapped: JSONWritable {
    @inlinable public func write(to w: inout JSONWriter) {
        switch self {
        case .some(let value): value.write(to: &w)
        case .none: w.null()
        }
    }
}

extension Array: JSONWritable where Element: JSONWritable {
    @inlinable public func write(to w: inout JSONWriter) {
        w.array(self) { w, element in element.write(to: &w) }
    }
}
