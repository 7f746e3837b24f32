import Glibc

/// Reads decimal numbers, exactly rounded.
enum DecimalText {
    /// Bytes. The longest decimal of a double that anybody prints has 24; exchanges write up to 40.
    static let longestNumber = 127

    /// Powers of ten that a double holds exactly: up to 22.
    private static let exactPowers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
        1e19,
        1e20, 1e21, 1e22,
    ]

    /// `[+-]digits[.digits][e[+-]digits]`; nil for anything else. May be infinite when the exponent is large.
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        var scan = Scan(bytes: bytes)
        guard scan.run() else { return nil }
        if scan.isExact, scan.mantissa <= 1 << 53, abs(scan.exponent) < exactPowers.count {
            // One correctly rounded operation on two exact operands (Clinger's fast path).
            let magnitude = Double(scan.mantissa)
            let power = exactPowers[abs(scan.exponent)]
            let value = scan.exponent < 0 ? magnitude / power : magnitude * power
            return scan.isNegative ? -value : value
        }
        return slowly(bytes)
    }

    private static func slowly(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        guard bytes.count <= longestNumber else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: longestNumber + 1) { text in
            for index in 0..<bytes.count { text[index] = CChar(bitPattern: bytes[index]) }
            text[bytes.count] = 0
            return text.baseAddress.map { strtod($0, nil) }
        }
    }

    private struct Scan {
        let bytes: UnsafeBufferPointer<UInt8>
        var position = 0
        var isNegative = false
        var mantissa: UInt64 = 0
        var exponent = 0
        /// False when the mantissa has more digits than it can hold.
        var isExact = true
        private var digitCount = 0

        init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

        @inline(__always)
        mutating func run() -> Bool {
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+")
            {
                isNegative = bytes[position] == UInt8(ascii: "-")
                position += 1
            }
            digits()
            if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
                position += 1
                let start = position
                digits()
                exponent = start - position
            }
            guard digitCount > 0 else { return false }
            return position == bytes.count || power()
        }

        @inline(__always)
        private mutating func digits() {
            while position < bytes.count {
                let digit = bytes[position] &- 48
                guard digit <= 9 else { return }
                if mantissa < 1_000_000_000_000_000_000 {
                    mantissa = mantissa &* 10 &+ UInt64(digit)
                } else {
                    isExact = false
                }
                digitCount += 1
                position += 1
            }
        }

        private mutating func power() -> Bool {
            guard bytes[position] | 0x20 == UInt8(ascii: "e"), position + 1 < bytes.count else {
                return false
            }
            position += 1
            let sign = bytes[position] == UInt8(ascii: "-") ? -1 : 1
            if sign < 0 || bytes[position] == UInt8(ascii: "+") { position += 1 }
            let start = position
            var written = 0
            while position < bytes.count, bytes[position] >= 48, bytes[position] <= 57 {
                written = min(written * 10 + Int(bytes[position] - 48), 100_000)
                position += 1
            }
            exponent += sign * written
            return position > start && position == bytes.count
        }
    }
}
