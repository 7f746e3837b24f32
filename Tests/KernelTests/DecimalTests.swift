import Testing

@testable import Kernel

@Suite struct DecimalTests {
    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("0.10", "0.1"), ("5000", "5000"), ("-2.50", "-2.5"),
        ("0.00000001", "0.00000001"),
        ("100.000", "100"),
        ("123456789012345678.123456789012345678", "123456789012345678.123456789012345678"),
    ]) func `what is written comes back in its shortest form`(text: String, shown: String) {
        #expect(Decimal(text)?.description == shown)
    }

    @Test(arguments: [
        "", "-", ".", "1.", ".5", "+1", " 1", "1 ", "1e3", "1E3", "01", "00", "1.2.3", "1,5", "0x1", "NaN",
        "--1", "１",
        String(repeating: "9", count: 37), "0.0000000000000000000000000000001",
    ]) func `what two readers might understand differently is no number`(text: String) {
        #expect(Decimal(text) == nil)
    }

    @Test func `sums and products are exact`() throws {
        let tenth = try #require(Decimal("0.1"))
        let fifth = try #require(Decimal("0.2"))
        #expect(tenth.adding(fifth) == Decimal("0.3"))
        #expect(fifth.subtracting(tenth) == tenth)
        #expect(tenth.multiplied(by: fifth) == Decimal("0.02"))
        #expect(Decimal("0.001")?.multiplied(by: Decimal(exactly: 50_000)) == Decimal(exactly: 50))
        #expect(Decimal("2.5")?.multiplied(by: Decimal(exactly: 4)) == Decimal("10"))
        #expect((-tenth).magnitude == tenth && (-tenth).isNegative && Decimal.zero.isZero)
    }

    @Test func `what does not fit is nil, never wrong`() throws {
        let huge = try #require(Decimal(String(repeating: "9", count: 36)))
        let tiny = try #require(Decimal("0.000000000000000000000000000001"))
        #expect(huge.multiplied(by: huge) == nil)
        #expect(huge.adding(tiny) == nil && huge.isMultiple(of: tiny) == nil)
        #expect(huge.adding(huge)?.subtracting(huge) == huge)
        #expect(tiny < huge && !(huge < tiny) && -huge < tiny && -huge < -tiny && !(tiny < -huge))
    }

    @Test func `every decimal can be negated`() throws {
        // 2^63, 2^64 and 2^126: the lowest significand of 128 bits is what -2^127 would be.
        let low = try #require(Decimal("-9223372036854775808"))
        let high = try #require(Decimal("18446744073709551616"))
        #expect(low.multiplied(by: high) == nil)
        let half = try #require(Decimal("4611686018427387904")?.multiplied(by: high))
        #expect((-half).subtracting(half) == nil)
        #expect((-half).adding(half) == .zero && (-half).magnitude == half)
    }

    @Test(arguments: [
        ("0.3", "0.1", true), ("0.35", "0.1", false), ("0", "0.1", true), ("100", "0.001", true),
        ("-0.5", "0.25", true), ("7", "2", false), ("0.000000000000000000000000000001", "1", false),
    ])
    func `a multiple of a step is one exactly`(value: String, step: String, isMultiple: Bool) throws {
        let value = try #require(Decimal(value))
        #expect(value.isMultiple(of: try #require(Decimal(step))) == isMultiple)
        #expect(value.isMultiple(of: .zero) == nil)
    }

    @Test func `order and equality are those of numbers`() throws {
        let written = ["-10", "-2.5", "-0.1", "0", "0.0001", "0.1", "1", "1.5", "2", "10", "100.01"]
        let values = try written.map { try #require(Decimal($0)) }
        #expect(values.shuffled().sorted() == values)
        #expect(Decimal("1.0") == Decimal("1") && Decimal("1.0")?.hashValue == Decimal("1")?.hashValue)
    }
}
