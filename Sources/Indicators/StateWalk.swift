/// One walk over an indicator's fields that either saves or restores them: there is one list of fields, so
/// what is restored is what was saved, bit by bit. Integers are little-endian.
package struct StateWalk {
    package private(set) var bytes: [UInt8]
    private let isRestoring: Bool
    private var position = 0
    /// What was to be restored ended early, or held a number that the indicator can't have.
    package private(set) var isBroken = false

    package init() { (bytes, isRestoring) = ([], false) }

    package init(restoring bytes: [UInt8]) { (self.bytes, isRestoring) = (bytes, true) }

    /// Everything that was saved has been restored.
    package var isComplete: Bool { !isBroken && position == bytes.count }

    package mutating func pass(_ value: inout UInt64) {
        guard isRestoring else {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
            return
        }
        guard bytes.count - position >= 8 else {
            isBroken = true
            return
        }
        let stored = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: UInt64.self) }
        value = UInt64(littleEndian: stored)
        position += 8
    }

    package mutating func pass(_ value: inout Double) {
        var bits = value.bitPattern
        pass(&bits)
        value = Double(bitPattern: bits)
    }

    /// A count or position; one outside of `range` is refused.
    package mutating func pass(_ value: inout Int, in range: ClosedRange<Int>) {
        var bits = UInt64(bitPattern: Int64(value))
        pass(&bits)
        let number = Int(Int64(bitPattern: bits))
        if range.contains(number) { value = number } else { isBroken = true }
    }

    package mutating func pass(_ value: inout Double?) {
        var isPresent = value == nil ? 0 : 1
        pass(&isPresent, in: 0...1)
        var number = value ?? 0
        pass(&number)
        value = isPresent == 1 ? number : nil
    }

    /// At most `limit` numbers.
    package mutating func pass(_ values: inout [Double], atMost limit: Int) {
        var count = values.count
        pass(&count, in: 0...limit)
        if isRestoring { values = Array(repeating: 0, count: isBroken ? 0 : count) }
        values.reserveCapacity(limit)
        for index in values.indices { pass(&values[index]) }
    }
}
