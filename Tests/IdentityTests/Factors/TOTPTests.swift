import Crypto
import Kernel
import Testing

@testable import Identity

@Suite struct TOTPTests {
    /// RFC 6238, appendix B; its codes have eight digits, ours the last six.
    @Test(
        arguments: [
            (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
            (2_000_000_000, "279037"), (20_000_000_000, "353130"),
        ] as [(Int64, String)])
    func `the codes are those of RFC 6238`(seconds: Int64, code: String) throws {
        let step = TOTP.step(at: Timestamp(seconds: seconds))
        #expect(String(decoding: try TOTP.digits(of: step, Self.seed()), as: UTF8.self) == code)
    }

    @Test func `a code counts in its step and in those beside it`() throws {
        let now = Timestamp(seconds: 1_111_111_111)
        let current = TOTP.step(at: now)
        for step in current - 3...current + 3 {
            let text = String(decoding: try TOTP.digits(of: step, Self.seed()), as: UTF8.self)
            let code = try #require(OneTimeCode(text))
            let isNear = abs(step - current) <= 1
            #expect(try TOTP.step(of: code, Self.seed(), at: now) == (isNear ? step : nil))
        }
    }

    @Test(arguments: ["081804", "081 804", "0 8 1 8 0 4", "081-804", " 081804 ", "08-18-04"])
    func `spaces and dashes make no other code`(text: String) {
        #expect(OneTimeCode(text) == OneTimeCode("081804"))
    }

    @Test(arguments: [
        "", "81804", "0818041", "08180x", "٠٨١٨٠٤", "０８１８０４", "+81804", "081804\u{0}", "0x1804",
    ])
    func `what is not six digits is no code`(text: String) {
        #expect(OneTimeCode(text) == nil)
    }

    @Test func `an app reads the address`() {
        let uri = OTPAuthURI(issuer: "Keybell", account: "ada löve@desk.example", secret: "ABC234")
        #expect(
            uri.text
                == "otpauth://totp/Keybell:ada%20l%C3%B6ve@desk.example?secret=ABC234&issuer=Keybell")
    }

    @Test func `base32 is that of RFC 4648`() {
        let examples = [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")]
        for (text, encoded) in examples { #expect(Base32.encode(Array(text.utf8)) == encoded) }
    }

    /// RFC 6238's seed.
    private static func seed() throws -> Secret { try Secret(copying: Array("12345678901234567890".utf8)) }
}

@Suite struct RecoveryCodeTests {
    @Test func `a code is read however it was typed`() throws {
        let code = RecoveryCode(.seeded(7))
        #expect(code.text.utf8.count == 19)
        let bare = code.text.filter { $0 != "-" }
        for text in [
            code.text, code.text.uppercased(), bare, bare.uppercased(), code.text.replacing("-", with: " "),
            " \(code.text) ", code.text.replacing("0", with: "O").replacing("1", with: "l"),
            code.text.replacing("0", with: "o").replacing("1", with: "I"),
        ] {
            #expect(RecoveryCode(text) == code, "\(text)")
        }
        for text in ["", String(bare.dropLast()), bare + "0", bare.dropLast() + "u", bare.dropLast() + "é"] {
            #expect(RecoveryCode(String(text)) == nil, "\(text)")
        }
    }

    @Test func `one user's code is another user's nothing`() {
        let code = RecoveryCode(.seeded(7))
        let (ann, ben) = (UUID(high: 1, low: 1), UUID(high: 1, low: 2))
        #expect(code.hash(of: .init(ann)) != code.hash(of: .init(ben)))
        #expect(RecoveryCode(.seeded(8)) != code)
    }
}

@Suite struct CodeStepsTests {
    @Test func `a step counts once, and none before it afterwards`() {
        var steps = CodeSteps(newest: 5)
        let taken = ([5, 4, 6, 6, 5] as [Int64]).map { step in steps.take(step) }
        #expect(taken == [false, false, true, false, false])
        #expect(steps == CodeSteps(newest: 6))
    }
}
