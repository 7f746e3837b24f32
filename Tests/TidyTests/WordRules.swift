/// Words that do not belong here.
enum WordRules {
    static let unfinished = ["TODO", "FIXME", "XXX"]
    static let unsafe = [
        "try!", "as!", "fatalError(", "@unchecked", "nonisolated(unsafe)", "import Foundation",
        "import FoundationEssentials",
    ]
    static let emptyNames: Set<String> = [
        "Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Common",
    ]
    /// Time and chance come from Kernel's `Clock` and `Entropy`; the loop's timers also read the clock.
    static let roomsWithClock: Set<String> = ["Kernel", "EventLoop"]
    static let clockAndChance = [
        "Date()", "UUID()", "SystemRandomNumberGenerator", "clock_gettime", "gettimeofday", "time(nil)",
        "ContinuousClock", ".shuffled()", ".shuffle()", ".randomElement()",
    ]
    /// Places that exist on one machine only, and hosts that serve packages.
    static let foreignPlaces = [
        "/work/", "/root/", "/home/", "pypi.org", "pythonhosted.org", "deb.debian.org", "snapshot.debian.org",
        "proxy.golang.org", "registry.npmjs.org",
    ]

    static func unfinishedWork(_ file: Tree.File) -> [Violation] {
        places(of: unfinished, in: file.bytes, path: file.path) { "\($0) on main" }
    }

    static func unsafeWords(_ file: SwiftText) -> [Violation] {
        places(of: unsafe, in: file.code, path: file.path) { "\($0) is not used here" }
    }

    static func foreignPlaces(_ file: Tree.File) -> [Violation] {
        places(of: foreignPlaces, in: file.bytes, path: file.path) { "\($0) does not exist for others" }
    }

    static func clockAndChance(_ file: SwiftText) -> [Violation] {
        if roomsWithClock.contains(file.room) { return [] }
        let lines = file.lines(of: file.code)
        let unseeded = file.code.positions(of: ".random(").filter { position in
            !lines[file.line(at: position) - 1].text.contains("using:")
        }
        return places(of: clockAndChance, in: file.code, path: file.path) { "\($0) outside Kernel" }
            + unseeded.map {
                Violation(
                    path: file.path, line: file.line(at: $0), what: ".random( without a seeded generator")
            }
    }

    static func emptyTypeNames(_ file: SwiftText) -> [Violation] {
        ["struct ", "class ", "enum ", "actor ", "protocol ", "typealias "].flatMap { keyword in
            file.code.wholeWordPositions(of: keyword).compactMap { position in
                let rest = file.code[(position + keyword.utf8.count)...]
                let name = rest.prefix { $0.isWordByte }.text
                guard let empty = camelWords(name).first(where: emptyNames.contains) else { return nil }
                let what = "\(name): “\(empty)” says nothing"
                return Violation(path: file.path, line: file.line(at: position), what: what)
            }
        }
    }

    static func emptyCatches(_ file: SwiftText) -> [Violation] {
        file.code.wholeWordPositions(of: "catch {").compactMap { position in
            let body = file.code[(position + 7)...].first { $0 != .space && $0 != .newline }
            guard body == UInt8(ascii: "}") else { return nil }
            return Violation(path: file.path, line: file.line(at: position), what: "an empty catch")
        }
    }

    private static func camelWords(_ name: String) -> [String] {
        var words: [String] = []
        for character in name {
            if character.isUppercase || words.isEmpty { words.append("") }
            words[words.count - 1].append(character)
        }
        return words
    }

    private static func places(
        of words: [String], in bytes: [UInt8], path: String, _ what: (String) -> String
    ) -> [Violation] {
        var starts: [Int]?
        return words.flatMap { word in
            bytes.wholeWordPositions(of: word).map { position in
                let lines = starts ?? bytes.startsOfLines()
                starts = lines
                return Violation(path: path, line: lines.lineNumber(at: position), what: what(word))
            }
        }
    }
}
