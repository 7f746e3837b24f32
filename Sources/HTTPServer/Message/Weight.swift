/// A quality value in thousandths (RFC 9110 12.4.2): 0 is "never", 1000 is the default.
struct Weight: Comparable {
    static let most = Weight(thousandths: 1000)

    let thousandths: Int

    private init(thousandths: Int) { self.thousandths = thousandths }

    /// "0", "1", "0.5", "1.000": nil when it is anything else.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...5).contains(bytes.count), bytes[0] == 0x30 || bytes[0] == 0x31 else { return nil }
        guard bytes.count == 1 || bytes[1] == 0x2E else { return nil }
        var number = Int(bytes[0] - 0x30)
        for place in 0..<3 {
            let digit = 2 + place < bytes.count ? bytes[2 + place] : 0x30
            guard ByteClass.isDigit(digit) else { return nil }
            number = number * 10 + Int(digit - 0x30)
        }
        guard number <= 1000 else { return nil }
        thousandths = number
    }

    static func < (left: Weight, right: Weight) -> Bool { left.thousandths < right.thousandths }
}
