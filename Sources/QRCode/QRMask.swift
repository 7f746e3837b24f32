/// The eight masks, of which the one that scanners like best is taken (ISO/IEC 18004, 7.8).
enum QRMask {
    static let count = 8

    static func flips(_ mask: Int, _ x: Int, _ y: Int) -> Bool {
        switch mask {
        case 0: (x + y) % 2 == 0
        case 1: y % 2 == 0
        case 2: x % 3 == 0
        case 3: (x + y) % 3 == 0
        case 4: (x / 3 + y / 2) % 2 == 0
        case 5: x * y % 2 + x * y % 3 == 0
        case 6: (x * y % 2 + x * y % 3) % 2 == 0
        default: ((x + y) % 2 + x * y % 3) % 2 == 0
        }
    }
}

extension QRGrid {
    mutating func apply(_ mask: Int) {
        for row in 0..<side {
            for column in 0..<side where isData(column, row) && QRMask.flips(mask, column, row) {
                flip(column, row)
            }
        }
        drawFormat(mask: mask)
    }

    /// What makes a code hard to read, summed up.
    var penalty: Int {
        let rows = (0..<side).map { row in (0..<side).map { self[$0, row] } }
        let columns = (0..<side).map { column in (0..<side).map { self[column, $0] } }
        return (rows + columns).reduce(0) { $0 + Self.runs(in: $1) + Self.falseFinders(in: $1) }
            + blocks + imbalance
    }

    /// Five or more of one colour in a line.
    private static func runs(in line: [Bool]) -> Int {
        var (penalty, length) = (0, 0)
        for index in line.indices {
            length = index > 0 && line[index] == line[index - 1] ? length + 1 : 1
            if length == 5 { penalty += 3 } else if length > 5 { penalty += 1 }
        }
        return penalty
    }

    private static let finder = [true, false, true, true, true, false, true]
    private static let margin = [false, false, false, false]

    /// What looks like a finder with a margin on one side.
    private static func falseFinders(in line: [Bool]) -> Int {
        let likenesses = [finder + margin, margin + finder]
        return (0...line.count - 11).reduce(0) { penalty, start in
            penalty + likenesses.count { line[start..<start + 11].elementsEqual($0) } * 40
        }
    }

    /// Squares of two by two in one colour.
    private var blocks: Int {
        var penalty = 0
        for row in 1..<side {
            for column in 1..<side {
                let colour = self[column, row]
                let others = [
                    self[column - 1, row], self[column, row - 1], self[column - 1, row - 1],
                ]
                if others.allSatisfy({ $0 == colour }) { penalty += 3 }
            }
        }
        return penalty
    }

    /// Each full 5 % away from half.
    private var imbalance: Int {
        let dark = (0..<side).reduce(0) { sum, row in sum + (0..<side).count { self[$0, row] } }
        return abs(dark * 20 - side * side * 10) / (side * side) * 10
    }
}
