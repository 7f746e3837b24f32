import Crypto
import Kernel

/// One-time codes of an authenticator app (RFC 6238): SHA-1, 6 digits, 30 seconds, which is what every app
/// can.
enum TOTP {
    static let seedBytes = 20
    static let stepSeconds: Int64 = 30
    private static let digits = 6
    /// How far an app's clock may be off, in steps.
    private static let window: Int64 = 1

    /// The step whose code it is, of those around now; the newest, should two have one code. All are looked
    /// at, whichever fits.
    static func step(of code: OneTimeCode, _ seed: borrowing Secret, at now: Timestamp) -> Int64? {
        let current = step(at: now)
        var found: Int64?
        for step in (current - window)...(current + window)
        where ConstantTime.equal(digits(of: step, seed), code.digits) {
            found = step
        }
        return found
    }

    static func step(at time: Timestamp) -> Int64 { time.microseconds / 1_000_000 / stepSeconds }

    /// RFC 4226, 5.3.
    static func digits(of step: Int64, _ seed: borrowing Secret) -> [UInt8] {
        let counter = withUnsafeBytes(of: step.bigEndian) { Array($0) }
        let code = HMAC.sha1(key: seed, counter)
        let offset = Int(code[19] & 0x0F)
        let number = code[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        var (rest, text) = (number, [UInt8](repeating: 0, count: digits))
        for index in text.indices.reversed() {
            text[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        return text
    }
}

/// Six digits, as people type them: spaces and dashes between do not count.
struct OneTimeCode: Equatable {
    /// ASCII.
    let digits: [UInt8]

    init?(_ text: String) {
        let digits = text.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "-") }
        guard digits.count == 6, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        self.digits = Array(digits)
    }
}
