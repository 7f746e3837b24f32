import Kernel

/// PostgreSQL's binary forms, appended to one buffer: big-endian numbers, each field after its length.
package struct BinaryWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func append<Number: FixedWidthInteger>(_ value: Number) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ value: Bool) { bytes.append(value ? 1 : 0) }
    mutating func append(_ value: Double) { append(value.bitPattern) }
    mutating func append(_ value: Timestamp) { append(PostgresTime.encode(value)) }
    mutating func append(_ value: [UInt8]) { bytes.append(contentsOf: value) }
    mutating func append(_ value: String) { bytes.append(contentsOf: value.utf8) }

    mutating func append(_ value: UUID) {
        append(value.high)
        append(value.low)
    }

    mutating func append(json value: [UInt8]) {
        append(UInt8(1))
        append(value)
    }

    /// A length, then what `write` appends; null is the length -1.
    mutating func field<Value>(_ value: Value?, _ write: (inout BinaryWriter, Value) -> Void) {
        guard let value else {
            append(Int32(-1))
            return
        }
        let start = bytes.count
        append(Int32(0))
        write(&self, value)
        let length = Int32(bytes.count - start - 4)
        withUnsafeBytes(of: length.bigEndian) { source in
            bytes.withUnsafeMutableBytes { $0[start..<start + 4].copyBytes(from: source) }
        }
    }

    /// The head of an array of one dimension, counted from 1 (array_recv in PostgreSQL's arrayfuncs.c). That
    /// many fields must follow.
    mutating func array(_ count: Int, hasNulls: Bool, of type: UInt32) {
        append(Int32(count == 0 ? 0 : 1))
        append(Int32(hasNulls ? 1 : 0))
        append(type)
        if count == 0 { return }
        append(Int32(count))
        append(Int32(1))
    }

    /// The fields of numbers, in one reservation.
    /// - Parameter bits: what stands for a value.
    mutating func numbers<Value, Bits: FixedWidthInteger>(_ values: [Value], _ bits: (Value) -> Bits) {
        let length = Bits.bitWidth / 8
        bytes.append(atMost: values.count * (4 + length)) { out in
            for value in values {
                out.put(bigEndian: UInt32(length))
                out.put(bigEndian: bits(value))
            }
        }
    }

    /// A field that is a text.
    mutating func text(_ value: String) { value.withBytes { text($0) } }
    mutating func text(_ value: [UInt8]) { value.withUnsafeBufferPointer { text($0) } }

    /// Length and bytes in one reservation.
    private mutating func text(_ utf8: UnsafeBufferPointer<UInt8>) {
        let length = UInt32(utf8.count)
        bytes.append(atMost: 4 + utf8.count) { out in
            out.put(bigEndian: length)
            out.put(utf8)
        }
    }
}

/// `timestamptz` counts microseconds from 2000; its infinities are the extremes.
enum PostgresTime {
    private static let epoch: Int64 = 946_684_800_000_000

    static func encode(_ time: Timestamp) -> Int64 {
        if time.microseconds == .max { return .max }
        let (value, overflow) = time.microseconds.subtractingReportingOverflow(epoch)
        return overflow ? .min : value
    }

    static func decode(_ value: Int64) -> Timestamp {
        if value == .min { return Timestamp(microseconds: .min) }
        let (time, overflow) = value.addingReportingOverflow(epoch)
        return Timestamp(microseconds: overflow ? .max : time)
    }
}
