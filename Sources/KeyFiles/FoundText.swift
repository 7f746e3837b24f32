package import Crypto

/// A value out of a file, in guarded memory.
package final class FoundText: Sendable {
    package let secret: Secret

    init(_ secret: consuming Secret) {
        self.secret = secret
    }

    /// Wipes `bytes`; nil when there are none, since an empty value is how files say "none".
    static func taking(_ bytes: inout [UInt8]) throws(CryptoError) -> FoundText? {
        defer { bytes.wipe() }
        return bytes.isEmpty ? nil : FoundText(try Secret(copying: bytes))
    }

    /// For what is no secret.
    var string: String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }
}

extension FoundText {
    /// A word that stands where a value belongs, as examples and templates have it. Random texts of the
    /// exchanges hold none of these marks; a mark of four letters alone would be too short to tell.
    var isPlaceholder: Bool {
        secret.withBytes { bytes in
            guard let first = bytes.first, !bytes.allSatisfy({ $0 == first }) else { return true }
            let marks = [
                "your_", "your-", "your ", "yourapi", "_here", "change_me", "changeme", "placeholder", "...",
            ]
            let isTagged = first == UInt8(ascii: "<") && bytes.last == UInt8(ascii: ">")
            return isTagged || marks.contains { Self.holds(bytes, $0) }
        }
    }

    /// It names where the value stands: a variable, a vault, another program's store.
    var isReference: Bool {
        secret.withBytes { bytes in
            ["${", "$(", "{{", "op://", "vault:", "aws-sm://", "gcp-sm://", "file://"].contains { mark in
                bytes.starts(with: mark.utf8)
            }
        }
    }

    private static func holds(_ bytes: UnsafeRawBufferPointer, _ mark: String) -> Bool {
        let mark = Array(mark.utf8)
        guard bytes.count >= mark.count else { return false }
        return (0...bytes.count - mark.count).contains { start in
            zip(bytes[start...], mark).allSatisfy { $0.lowerCased == $1 }
        }
    }
}

extension UInt8 {
    var isLetter: Bool { isUpper || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    var isUpper: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    var lowerCased: UInt8 { isUpper ? self | 0x20 : self }
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}
