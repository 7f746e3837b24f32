/// The tables of Docs/threat-model.md and Docs/asvs.md, read as a reader would: rows by their first cell.
struct SecurityTables {
    struct Row {
        let line: Int
        let cells: [String]

        var item: String { cells[0] }
    }

    /// One kind of item, and where it is listed.
    struct Table {
        let path: String
        let rows: [Row]
    }

    private static let metNeedsNothing = ["not applicable: ", "not yet"]
    /// Of the issues by the number in their title; 2 is where the tables were made.
    private static let issues = (2...6).map { "not yet: \($0)" } + ["not yet, in no issue"]

    static func rows(of document: Tree.File) -> [Row] {
        let lines = document.text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().compactMap { index, line in
            guard line.hasPrefix("| "), line.hasSuffix(" |") else { return nil }
            let cells = line.dropFirst(2).dropLast(2).split(separator: "|", omittingEmptySubsequences: false)
            return Row(line: index + 1, cells: cells.map { trimmed($0) })
        }
    }

    /// Every item stands there, once, in this order.
    static func items(_ wanted: [String], of document: Tree.File, where isItem: (String) -> Bool)
        -> [Violation]
    {
        let rows = rows(of: document).filter { isItem($0.item) }
        var found: [Violation] = []
        for (index, row) in rows.enumerated() where index >= wanted.count || row.item != wanted[index] {
            let expected = index < wanted.count ? wanted[index] : "the end"
            let what = "\(row.item) stands where \(expected) was expected"
            found.append(Violation(path: document.path, line: row.line, what: what))
            return found
        }
        if rows.count < wanted.count {
            found.append(Violation(path: document.path, line: 1, what: "\(wanted[rows.count]) is missing"))
        }
        return found
    }

    /// What stands in backticks and ends like a suite is one that has a test.
    static func suites(namedIn document: Tree.File, of tree: Tree) -> [Violation] {
        let known = suites(of: tree)
        return rows(of: document).flatMap { row in
            row.cells.flatMap { named(in: $0) }.filter { $0.hasSuffix("Tests") && !known.contains($0) }.map {
                Violation(
                    path: document.path, line: row.line, what: "names \($0), which is no suite of Tests")
            }
        }
    }

    /// A requirement is met, with a suite or a file that shows it; or not applicable, with a reason; or not
    /// yet, with an issue.
    static func requirement(_ row: Row, of document: Tree.File, in tree: Tree) -> [Violation] {
        let violation = { (what: String) in
            Violation(path: document.path, line: row.line, what: "\(row.item) \(what)")
        }
        guard row.cells.count == 5 else { return [violation("has \(row.cells.count) cells, not 5")] }
        let (level, how, places) = (row.cells[1], row.cells[3], row.cells[4])
        var found: [Violation] = []
        if level != "1" && level != "2" { found.append(violation("is of no level")) }
        if how.hasPrefix("not yet"), !issues.contains(where: how.hasPrefix) {
            found.append(violation("names no issue"))
        }
        if how.hasPrefix("not applicable"), !how.hasPrefix("not applicable: ") {
            found.append(violation("gives no reason"))
        }
        if places == "none" {
            if !metNeedsNothing.contains(where: how.hasPrefix) { found.append(violation("shows nothing")) }
            return found
        }
        return found + missing(places, in: tree).map { violation("names \($0), which is not there") }
    }

    private static func missing(_ places: String, in tree: Tree) -> [String] {
        places.split(separator: ",").map { trimmed($0) }.filter { place in
            !place.hasPrefix("`")
                && !tree.files.contains { $0.path == place || $0.path.hasPrefix(place + "/") }
        }
    }

    /// Counts by chapter as threat-model.md has them: met, not applicable, not yet.
    static func counts(_ rows: [Row]) -> [String: [Int]] {
        var counts: [String: [Int]] = [:]
        for row in rows where row.cells.count == 5 {
            let chapter = "V" + row.item.prefix { $0 != "." }
            let verdict =
                row.cells[3].hasPrefix("not applicable") ? 1 : row.cells[3].hasPrefix("not yet") ? 2 : 0
            counts[chapter, default: [0, 0, 0]][verdict] += 1
            counts["all", default: [0, 0, 0]][verdict] += 1
        }
        return counts
    }

    /// Types of files with tests; the name of a suite is its type's.
    private static func suites(of tree: Tree) -> Set<String> {
        let files = tree.swift.filter {
            $0.path.hasPrefix("Tests/") && !$0.code.positions(of: "@Test").isEmpty
        }
        return files.reduce(into: []) { known, file in
            let words = file.code.split { !$0.isWordByte }
            for (keyword, name) in zip(words, words.dropFirst())
            where keyword.elementsEqual("struct".utf8) || keyword.elementsEqual("class".utf8) {
                known.insert(String(decoding: name, as: UTF8.self))
            }
        }
    }

    private static func named(in cell: String) -> [String] {
        let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
