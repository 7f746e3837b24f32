/// What an authenticator app reads out of a QR code: `otpauth://totp/Keybell:ada@desk.example?secret=…`.
struct OTPAuthURI {
    /// Characters of the account's name: a picture of more is hard to scan.
    private static let accountCharacters = 60

    let issuer: String
    let account: String
    /// Base32.
    let secret: String

    var text: String {
        let label = Self.escaped(String(account.prefix(Self.accountCharacters)))
        let site = Self.escaped(issuer)
        return "otpauth://totp/\(site):\(label)?secret=\(secret)&issuer=\(site)"
    }

    /// RFC 3986 2.3: all but what is unreserved. Apps read algorithm, digits and period as they are by
    /// default.
    private static func escaped(_ text: String) -> String {
        let figures = Array("0123456789ABCDEF".utf8)
        let bytes = text.utf8.flatMap { byte -> [UInt8] in
            let isPlain =
                Base62.isDigit(byte) || "-._~@".utf8.contains(byte)
            return isPlain ? [byte] : [UInt8(ascii: "%"), figures[Int(byte >> 4)], figures[Int(byte & 15)]]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
