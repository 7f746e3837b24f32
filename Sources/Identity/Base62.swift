import Kernel

/// Digits 0-9, A-Z, a-z: what a double click selects as one word, and what no shell or address treats
/// specially.
enum Base62 {
    static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// The digit's value by its byte; 255 for what is none.
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 255, count: 256)
        for (value, byte) in alphabet.enumerated() { table[Int(byte)] = UInt8(value) }
        return table
    }()

    static func isDigit(_ byte: UInt8) -> Bool { values[Int(byte)] != 255 }

    static func areDigits(_ bytes: some Sequence<UInt8>) -> Bool {
        let values = values
        return bytes.allSatisfy { values[Int($0)] != 255 }
    }

    /// Uniform digits: bytes from the largest multiple of 62 upwards are thrown away.
    static func digits(_ count: Int, from entropy: Entropy) -> [UInt8] {
        var digits: [UInt8] = []
        while digits.count < count {
            for byte in entropy.bytes(count) where byte < 248 && digits.count < count {
                digits.append(alphabet[Int(byte % 62)])
            }
        }
        return digits
    }

    /// The number in exactly `width` digits, most significant first.
    static func encode(_ number: UInt32, width: Int) -> [UInt8] {
        var rest = number
        let alphabet = alphabet
        var digits = [UInt8](repeating: alphabet[0], count: width)
        for index in stride(from: width - 1, through: 0, by: -1) {
            digits[index] = alphabet[Int(rest % 62)]
            rest /= 62
        }
        precondition(rest == 0, "the number needs more than \(width) digits")
        return digits
    }
}
