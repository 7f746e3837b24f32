import Kernel

/// A double whose shortest text is a plain decimal of few digits, as nearly all prices and volumes are. One
/// multiplication finds them; the shortest text of any double costs four times as much.
///
/// Two decimals of at most 15 digits never are the same double. So once one of them reads back as the value,
/// it is the shortest without its trailing zeros.
struct ShortDecimal {
    private let isNegative: Bool
    private let digits: Int
    private let places: Int

    /// Nil of doubles that are no such decimal, or that Swift writes with an exponent.
    init?(_ value: Double) {
        let magnitude = value.magnitude
        guard magnitude < 1e11, magnitude >= 0.001 || magnitude == 0 else { return nil }
        places = magnitude < 1e7 ? 8 : 4
        let scale = places == 8 ? 1e8 : 1e4
        let scaled = (magnitude * scale).rounded()
        guard scaled / scale == magnitude else { return nil }
        digits = Int(scaled)
        isNegative = value.sign == .minus
    }

    /// Sign, eleven digits, point and eight digits.
    static let mostBytes = 21

    func put(to out: inout ByteCursor) {
        if isNegative { out.put(UInt8(ascii: "-")) }
        let scale = places == 8 ? 100_000_000 : 10_000
        out.put(decimal: digits / scale)
        out.put(UInt8(ascii: "."))
        var (rest, unit) = (digits % scale, scale / 10)
        repeat {
            out.put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / unit))
            (rest, unit) = (rest % unit, unit / 10)
        } while rest > 0
    }
}
