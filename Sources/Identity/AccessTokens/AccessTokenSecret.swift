import Crypto
package import Kernel

/// The text of an access token, a session's cookie, or a one-time token or link: a prefix, 32
/// random base62 digits (190 bits) and a CRC-32 in 6 more, so that scanners can tell a real one from a
/// look-alike without asking anybody. What does not parse is refused before any look-up. Only its SHA-256 is
/// stored: 190 random bits need no slow hash.
package struct AccessTokenSecret: Sendable {
    package enum Purpose: String, CaseIterable, Sendable {
        case accessToken = "kbt_"
        case invitation = "kbi_"
        case bootstrap = "kbb_"
        /// Of a link through which somebody hands over a secret.
        case deposit = "kbd_"
        /// What a session's cookie holds.
        case session = "kbs_"
        /// Goes on with a log-in after its password.
        case pendingLogin = "kbp_"
        /// Of a link to set a password.
        case passwordReset = "kbr_"
        /// For an envelope.
        case breakGlass = "kbg_"
        /// Of the address at which something says that it is alive, and nothing else can be done.
        case heartbeat = "kbh_"
        /// That a person was there, for one action.
        case proof = "kbf_"
    }

    static let randomDigits = 32
    /// 62^6 is above 2^32.
    static let checksumDigits = 6
    static let byteCount = 4 + randomDigits + checksumDigits
    /// The prefix and 4 digits: tells tokens apart and leaves 166 bits to guess.
    private static let hintBytes = 8

    package let purpose: Purpose
    private let bytes: [UInt8]

    package init(_ purpose: Purpose, _ entropy: Entropy) {
        let body = Array(purpose.rawValue.utf8) + Base62.digits(Self.randomDigits, from: entropy)
        self.purpose = purpose
        bytes = body + Self.checksum(of: body)
    }

    /// Exactly what `init(_:_:)` makes; any other spelling is nil. Costs one pass over 42 bytes.
    package init?(_ purpose: Purpose, parsing text: some Collection<UInt8>) {
        guard text.count == Self.byteCount else { return nil }
        let bytes = Array(text)
        guard bytes.starts(with: purpose.rawValue.utf8), Base62.areDigits(bytes[4...]),
            ConstantTime.equal(
                Self.checksum(of: Array(bytes[..<(4 + Self.randomDigits)])),
                Array(bytes[(4 + Self.randomDigits)...]))
        else { return nil }
        self.purpose = purpose
        self.bytes = bytes
    }

    /// The secret itself: for the one answer that shows it.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package var hash: SecretHash { SecretHash(SHA256.hash(bytes)) }

    /// What a page shows to prove that it reads this secret's cookies: derived, so that whoever could plant a
    /// cookie could not plant one that fits.
    package var csrfToken: String {
        Hex.encode(Array(SHA256.hash(Array("keybell csrf\n".utf8) + bytes).prefix(16)))
    }

    /// What a record may show for ever.
    package var hint: String { String(decoding: bytes.prefix(Self.hintBytes), as: UTF8.self) }

    private static func checksum(of body: [UInt8]) -> [UInt8] {
        Base62.encode(CRC32.checksum(body), width: checksumDigits)
    }
}

/// So that no log shows it by accident.
extension AccessTokenSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { hint + "…" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
