private import CSodium

/// Comparison whose time depends on the length only.
package enum ConstantTime {
    /// Different lengths are unequal at once: lengths are not secret here.
    package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withRawBytes { left in right.withRawBytes { right in equal(left, right) } }
    }

    package static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let leftStart = left.baseAddress, let rightStart = right.baseAddress else { return true }
        return sodium_memcmp(leftStart, rightStart, left.count) == 0
    }
}
