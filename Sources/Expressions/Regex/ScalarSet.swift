/// A class of characters: ranges and general categories, perhaps all others than these.
struct ScalarSet: Sendable {
    /// Of code points; any order.
    private(set) var ranges: [ClosedRange<UInt32>] = []
    private var categories: [UnicodeCategory] = []
    private var parts: [ScalarSet] = []
    var isNegated = false
    /// Upper and lower case count as the same.
    var foldsCase = false

    init() {}

    init(_ ranges: [ClosedRange<UInt32>], isNegated: Bool = false) {
        (self.ranges, self.isNegated) = (ranges, isNegated)
    }

    init(category: UnicodeCategory, isNegated: Bool) {
        (categories, self.isNegated) = ([category], isNegated)
    }

    mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }

    /// Such as `\D` within a class.
    mutating func insert(_ set: ScalarSet) {
        if set.isNegated || !set.categories.isEmpty || !set.parts.isEmpty {
            parts.append(set)
        } else {
            ranges += set.ranges
        }
    }

    /// Sorted and joined, so that a look-up can be by halves.
    func finished() -> ScalarSet {
        var set = self
        set.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard let last = set.ranges.last, range.lowerBound <= last.upperBound &+ 1 else {
                set.ranges.append(range)
                continue
            }
            let end = max(last.upperBound, range.upperBound)
            set.ranges[set.ranges.count - 1] = last.lowerBound...end
        }
        set.parts = parts.map { $0.finished() }
        return set
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        if holds(scalar) { return !isNegated }
        guard foldsCase else { return isNegated }
        return scalar.caseVariants.contains(where: holds) != isNegated
    }

    private func holds(_ scalar: Unicode.Scalar) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if scalar.value > ranges[middle].upperBound { low = middle + 1 } else { high = middle }
        }
        if low < ranges.count, ranges[low].contains(scalar.value) { return true }
        if categories.isEmpty, parts.isEmpty { return false }
        return categories.contains { $0.contains(scalar) } || parts.contains { $0.contains(scalar) }
    }
}

extension ScalarSet {
    static let digits = ScalarSet([48...57])
    static let words = ScalarSet([48...57, 65...90, 95...95, 97...122])
    /// Without the vertical tab, as in RE2.
    static let spaces = ScalarSet([9...10, 12...13, 32...32])

    /// `\d`, `\W` and the like.
    static func perl(_ letter: Unicode.Scalar) -> ScalarSet? {
        var set: ScalarSet
        switch letter {
        case "d", "D": set = digits
        case "w", "W": set = words
        case "s", "S": set = spaces
        default: return nil
        }
        set.isNegated = letter == "D" || letter == "W" || letter == "S"
        return set
    }

    /// `[:alpha:]` within a class.
    static func posix(_ name: String) -> ScalarSet? {
        switch name {
        case "alnum": ScalarSet([48...57, 65...90, 97...122])
        case "alpha": ScalarSet([65...90, 97...122])
        case "ascii": ScalarSet([0...127])
        case "blank": ScalarSet([9...9, 32...32])
        case "cntrl": ScalarSet([0...31, 127...127])
        case "digit": digits
        case "graph": ScalarSet([33...126])
        case "lower": ScalarSet([97...122])
        case "print": ScalarSet([32...126])
        case "punct": ScalarSet([33...47, 58...64, 91...96, 123...126])
        case "space": ScalarSet([9...13, 32...32])
        case "upper": ScalarSet([65...90])
        case "word": words
        case "xdigit": ScalarSet([48...57, 65...70, 97...102])
        default: nil
        }
    }
}

extension Unicode.Scalar {
    /// The one-character forms in the other case.
    var caseVariants: [Unicode.Scalar] {
        if isASCII {
            return isIdentifierStart && self != "_" ? [Unicode.Scalar(UInt8(value) ^ 0x20)] : []
        }
        let mappings = [properties.lowercaseMapping, properties.uppercaseMapping]
        return mappings.compactMap { mapping in
            let scalars = mapping.unicodeScalars
            guard let first = scalars.first, scalars.count == 1, first != self else { return nil }
            return first
        }
    }
}

/// A general category of Unicode, or a group of them: `L`, `Lu`.
struct UnicodeCategory: Sendable {
    private let letters: String

    init?(_ name: String) {
        guard Self.known.contains(where: { $0.hasPrefix(name) }), (1...2).contains(name.utf8.count) else {
            return nil
        }
        letters = name
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        Self.name(scalar.properties.generalCategory).hasPrefix(letters)
    }

    private static let known = [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf",
        "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
    ]

    private static func name(_ category: Unicode.GeneralCategory) -> String {
        switch category {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        default: "Cn"
        }
    }
}
