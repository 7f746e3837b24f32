/// The modules of a code, and which of them belong to its patterns.
struct QRGrid: Equatable, Sendable {
    let side: Int
    private var dark: [Bool]
    private var isPattern: [Bool]

    init(side: Int) {
        self.side = side
        dark = Array(repeating: false, count: side * side)
        isPattern = dark
    }

    subscript(column: Int, row: Int) -> Bool { dark[row * side + column] }

    func isData(_ column: Int, _ row: Int) -> Bool { !isPattern[row * side + column] }

    mutating func flip(_ column: Int, _ row: Int) { dark[row * side + column].toggle() }

    private mutating func set(_ column: Int, _ row: Int, _ isDark: Bool) {
        dark[row * side + column] = isDark
        isPattern[row * side + column] = true
    }

    // MARK: Patterns (6.3)

    mutating func drawPatterns(of layout: QRLayout) {
        for place in 0..<side {
            set(6, place, place % 2 == 0)
            set(place, 6, place % 2 == 0)
        }
        drawFinder(3, 3)
        drawFinder(side - 4, 3)
        drawFinder(3, side - 4)
        let places = layout.alignments
        for (x, column) in places.enumerated() {
            for (y, row) in places.enumerated() {
                // Where the finders are, there is none.
                let corners = [(0, 0), (0, places.count - 1), (places.count - 1, 0)]
                if !corners.contains(where: { $0 == (x, y) }) { drawAlignment(column, row) }
            }
        }
        drawFormat(mask: 0)
        if layout.version >= 7 { drawVersion(layout.version) }
    }

    private mutating func drawFinder(_ column: Int, _ row: Int) {
        for y in max(0, row - 4)...min(side - 1, row + 4) {
            for x in max(0, column - 4)...min(side - 1, column + 4) {
                let ring = max(abs(x - column), abs(y - row))
                set(x, y, ring != 2 && ring != 4)
            }
        }
    }

    private mutating func drawAlignment(_ column: Int, _ row: Int) {
        for y in row - 2...row + 2 {
            for x in column - 2...column + 2 { set(x, y, max(abs(x - column), abs(y - row)) != 1) }
        }
    }

    /// Level and mask with a BCH code, twice (7.9). Level M is 00.
    mutating func drawFormat(mask: Int) {
        let bits = (mask << 10 | Self.remainder(of: mask, by: 0x537, bits: 10)) ^ 0x5412
        let isDark = { (bit: Int) in bits >> bit & 1 == 1 }
        for bit in 0..<6 { set(8, bit, isDark(bit)) }
        set(8, 7, isDark(6))
        set(8, 8, isDark(7))
        set(7, 8, isDark(8))
        for bit in 9..<15 { set(14 - bit, 8, isDark(bit)) }
        for bit in 0..<8 { set(side - 1 - bit, 8, isDark(bit)) }
        for bit in 8..<15 { set(8, side - 15 + bit, isDark(bit)) }
        set(8, side - 8, true)
    }

    /// From version 7 on, with a BCH code, twice (7.10).
    private mutating func drawVersion(_ version: Int) {
        let bits = version << 12 | Self.remainder(of: version, by: 0x1F25, bits: 12)
        for bit in 0..<18 {
            let isDark = bits >> bit & 1 == 1
            set(side - 11 + bit % 3, bit / 3, isDark)
            set(bit / 3, side - 11 + bit % 3, isDark)
        }
    }

    private static func remainder(of value: Int, by generator: Int, bits: Int) -> Int {
        (0..<bits).reduce(value) { rest, _ in rest << 1 ^ (rest >> (bits - 1)) * generator }
    }

    // MARK: Content (7.7.3)

    /// In columns of two, from the right, up and down in turn.
    mutating func draw(_ codewords: [UInt8]) {
        var bit = 0
        var isUpward = true
        for right in stride(from: side - 1, to: 0, by: -2) {
            // The column of the timing pattern is passed over.
            let right = right <= 6 ? right - 1 : right
            for step in 0..<side {
                let row = isUpward ? side - 1 - step : step
                for column in [right, right - 1] where isData(column, row) && bit < codewords.count * 8 {
                    dark[row * side + column] = codewords[bit / 8] >> UInt8(7 - bit % 8) & 1 == 1
                    bit += 1
                }
            }
            isUpward.toggle()
        }
    }
}
