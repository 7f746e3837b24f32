/// The field of 256 elements, AES's: polynomials over bits, modulo x⁸+x⁴+x³+x+1 (FIPS 197, section 4).
/// Addition is XOR. Without tables and branches, so time and memory access tell nothing of the operands.
package enum GF256 {
    package static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var power = left
        var sum: UInt8 = 0
        for bit in UInt8(0)..<8 {
            sum ^= power & (0 &- (right &>> bit & 1))
            power = power &<< 1 ^ (0x1B & (0 &- (power &>> 7)))
        }
        return sum
    }

    /// The element to the power of 254, by Fermat; 0 for 0.
    package static func inverse(_ element: UInt8) -> UInt8 {
        var square = element
        var result: UInt8 = 1
        for _ in 1..<8 {
            square = product(square, square)
            result = product(result, square)
        }
        return result
    }
}
