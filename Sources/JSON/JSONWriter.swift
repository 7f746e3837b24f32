/// Appends compact JSON to a byte buffer, commas included. Members come out in the order written.
///
/// The writer trusts its caller for the grammar: inside `object` write fields only, inside `array` values
/// only, and never the same name twice. Strings are escaped as RFC 8259 §7 requires and otherwise stay UTF-8.
///
/// ```swift
/// var w = JSONWriter()
/// w.object { w in
///     w.field("id", id)
///     w.field("note", note)                               // nil is null
///     w.array("tags", tags) { w, tag in w.value(tag) }
/// }
/// ```
public struct JSONWriter: Sendable {
    /// What has been written so far.
    public var bytes: [UInt8]
    /// A value stands before the next one at this level, so a comma is due.
    @usableFromInline var commaIsDue = false

    /// - Parameter capacity: bytes to reserve; 256 holds the usual small object without growing.
    @inlinable public init(capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Goes on behind bytes that stand already, such as a response's head.
    @inlinable public init(appendingTo bytes: consuming [UInt8]) {
        self.bytes = bytes
    }

    /// What has been written so far, as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

// MARK: - Objects

extension JSONWriter {
    /// An object at the top level or inside an array.
    @inlinable public mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        open(UInt8(ascii: "{"))
        try body(&self)
        close(UInt8(ascii: "}"))
    }

    /// A member that is an object.
    @inlinable public mutating func object(
        _ name: String, _ body: (inout JSONWriter) throws -> Void
    ) rethrows {
        key(name)
        try object(body)
    }

    /// A member: a string, a number, a Bool, an optional or array of those, a `JSONValue`, anything writable.
    @inlinable public mutating func field<Value: JSONWritable>(_ name: String, _ value: Value) {
        key(name)
        value.write(to: &self)
    }

    /// A member that is null.
    @inlinable public mutating func null(_ name: String) {
        key(name)
        null()
    }

    /// What `body` writes inside an object, for `members(raw:)`.
    public static func members(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var w = JSONWriter()
        body(&w)
        return w.bytes
    }

    /// Members that are JSON already, with commas between them and none around.
    @inlinable public mutating func members(raw json: [UInt8]) {
        if !json.isEmpty { raw(json) }
    }

    /// A member whose value is JSON already.
    @inlinable public mutating func raw(_ name: String, _ json: some Sequence<UInt8>) {
        key(name)
        raw(json)
    }
}

// MARK: - Arrays

extension JSONWriter {
    /// An array whose elements `body` writes one after the other.
    @inlinable public mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        open(UInt8(ascii: "["))
        try body(&self)
        close(UInt8(ascii: "]"))
    }

    /// An array with one element for each item; `body` writes exactly one value.
    @inlinable public mutating func array<Items: Sequence>(
        _ items: Items, _ body: (inout JSONWriter, Items.Element) throws -> Void
    ) rethrows {
        open(UInt8(ascii: "["))
        for item in items { try body(&self, item) }
        close(UInt8(ascii: "]"))
    }

    /// A member that is an array whose elements `body` writes one after the other.
    @inlinable public mutating func array(
        _ name: String, _ body: (inout JSONWriter) throws -> Void
    ) rethrows {
        key(name)
        try array(body)
    }

    /// A member that is an array with one element for each item; `body` writes exactly one value.
    @inlinable public mutating func array<Items: Sequence>(
        _ name: String, _ items: Items, _ body: (inout JSONWriter, Items.Element) throws -> Void
    ) rethrows {
        key(name)
        try array(items, body)
    }

    /// A value at the top level or inside an array.
    @inlinable public mutating func value<Value: JSONWritable>(_ value: Value) {
        value.write(to: &self)
    }

    /// A value that is JSON already.
    @inlinable public mutating func raw(_ json: some Sequence<UInt8>) {
        beginValue()
        bytes.append(contentsOf: json)
    }

    /// Ends a line of NDJSON: the next value stands alone again.
    @inlinable public mutating func endLine() {
        bytes.append(UInt8(ascii: "\n"))
        commaIsDue = false
    }
}

// MARK: - Punctuation

extension JSONWriter {
    @inlinable mutating func beginValue() {
        if commaIsDue { bytes.append(UInt8(ascii: ",")) }
        commaIsDue = true
    }

    @inlinable mutating func open(_ bracket: UInt8) {
        beginValue()
        bytes.append(bracket)
        commaIsDue = false
    }

    @inlinable mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        commaIsDue = true
    }
}
