import Access
import Crypto
import Kernel

/// What is written on paper for the day when the phone is lost: 16 characters that cannot be taken for each
/// other, in fours. Only its SHA-256 is stored: 80 random bits need no slow hash.
struct RecoveryCode: Equatable {
    static let count = 10
    private static let bytes = 10
    private static let characters = 16

    /// In lower case, without what only divides.
    private let letters: [UInt8]

    init(_ entropy: Entropy) {
        letters = Array(Base32.encode(entropy.bytes(Self.bytes), in: Base32.legible).utf8)
    }

    /// As people type it: case, spaces and dashes do not count, and O is 0, I and L are 1.
    init?(_ text: String) {
        var letters: [UInt8] = []
        for byte in text.utf8 where byte != UInt8(ascii: " ") && byte != UInt8(ascii: "-") {
            let lower = (65...90).contains(byte) ? byte | 0x20 : byte
            let meant: UInt8 =
                switch lower {
                case UInt8(ascii: "o"): UInt8(ascii: "0")
                case UInt8(ascii: "i"), UInt8(ascii: "l"): UInt8(ascii: "1")
                default: lower
                }
            guard Base32.legible.contains(meant) else { return nil }
            letters.append(meant)
        }
        guard letters.count == Self.characters else { return nil }
        self.letters = letters
    }

    /// For the one answer that shows it.
    var text: String {
        stride(from: 0, to: letters.count, by: 4).map {
            String(decoding: letters[$0..<$0 + 4], as: UTF8.self)
        }.joined(separator: "-")
    }

    func hash(of user: UserID) -> [UInt8] { SHA256.hash(user.uuid.bytes + letters) }
}
