import Testing

/// The tables of promises and of OWASP's lists cannot rot: each item is there once, and what it names exists.
@Suite struct SecurityTableTests {
    private typealias Tables = SecurityTables

    private let tree = Tree.ofThisProject

    /// OWASP ASVS 4.0.3 by section: the requirements of levels 1 and 2, without those that it deleted.
    private static let asvs: [(section: String, numbers: [Int])] = [
        ("1.1", .of(1...7)), ("1.2", .of(1...4)), ("1.4", [1, 4, 5]), ("1.5", .of(1...4)),
        ("1.6", .of(1...4)), ("1.7", [1, 2]), ("1.8", [1, 2]), ("1.9", [1, 2]), ("1.10", [1]),
        ("1.11", [1, 2]), ("1.12", [2]), ("1.14", .of(1...6)),
        ("2.1", .of(1...12)), ("2.2", .of(1...3)), ("2.3", .of(1...3)), ("2.4", .of(1...6)),
        ("2.5", .of(1...7)), ("2.6", .of(1...3)), ("2.7", .of(1...6)), ("2.8", .of(1...7)),
        ("2.9", .of(1...3)), ("2.10", .of(1...4)),
        ("3.1", [1]), ("3.2", .of(1...4)), ("3.3", .of(1...4)), ("3.4", .of(1...5)), ("3.5", .of(1...3)),
        ("3.7", [1]),
        ("4.1", [1, 2, 3, 5]), ("4.2", [1, 2]), ("4.3", .of(1...3)),
        ("5.1", .of(1...5)), ("5.2", .of(1...8)), ("5.3", .of(1...10)), ("5.4", .of(1...3)),
        ("5.5", .of(1...4)),
        ("6.1", .of(1...3)), ("6.2", .of(1...6)), ("6.3", [1, 2]), ("6.4", [1, 2]),
        ("7.1", .of(1...4)), ("7.2", [1, 2]), ("7.3", [1, 3, 4]), ("7.4", .of(1...3)),
        ("8.1", .of(1...4)), ("8.2", .of(1...3)), ("8.3", .of(1...8)),
        ("9.1", .of(1...3)), ("9.2", .of(1...4)),
        ("10.2", [1, 2]), ("10.3", .of(1...3)),
        ("11.1", .of(1...8)),
        ("12.1", .of(1...3)), ("12.2", [1]), ("12.3", .of(1...6)), ("12.4", [1, 2]), ("12.5", [1, 2]),
        ("12.6", [1]),
        ("13.1", [1, 3, 4, 5]), ("13.2", [1, 2, 3, 5, 6]), ("13.3", [1, 2]), ("13.4", [1, 2]),
        ("14.1", .of(1...4)), ("14.2", .of(1...6)), ("14.3", [2, 3]), ("14.4", .of(1...7)),
        ("14.5", .of(1...4)),
    ]

    private static func isNumbered(_ item: String, _ prefix: String) -> Bool {
        item.hasPrefix(prefix) && item.dropFirst(prefix.count).first?.isNumber == true
    }

    private static func isRequirement(_ item: String) -> Bool {
        item.first?.isNumber == true && item.split(separator: ".").count == 3
    }

    private func expectNone(_ found: [Violation], at place: SourceLocation = #_sourceLocation) {
        let list = found.map(\.description).sorted().joined(separator: "\n")
        #expect(found.isEmpty, Comment(rawValue: list), sourceLocation: place)
    }

    // MARK: The tables as they stand

    @Test func `every promise and every risk of APIs stands in the threat model once`() throws {
        let model = try #require(tree.file("Docs/threat-model.md"))
        let promises = ["T1", "T2", "T2b"] + (3...23).map { "T\($0)" }
        expectNone(Tables.items(promises, of: model) { Self.isNumbered($0, "T") })
        expectNone(Tables.items((1...10).map { "API\($0)" }, of: model) { Self.isNumbered($0, "API") })
    }

    @Test func `every requirement of ASVS level 2 stands in its table once`() throws {
        let page = try #require(tree.file("Docs/asvs.md"))
        let wanted = Self.asvs.flatMap { section, numbers in numbers.map { "\(section).\($0)" } }
        #expect(wanted.count == 260)
        expectNone(Tables.items(wanted, of: page, where: Self.isRequirement))
    }

    @Test func `every suite that the tables name is there, and every claim shows something`() throws {
        for path in ["Docs/threat-model.md", "Docs/asvs.md"] {
            let document = try #require(tree.file(path))
            expectNone(Tables.suites(namedIn: document, of: tree))
        }
        let page = try #require(tree.file("Docs/asvs.md"))
        let rows = Tables.rows(of: page).filter { Self.isRequirement($0.item) }
        expectNone(rows.flatMap { Tables.requirement($0, of: page, in: tree) })
    }

    @Test func `the threat model counts what the table of ASVS holds`() throws {
        let page = try #require(tree.file("Docs/asvs.md"))
        let model = try #require(tree.file("Docs/threat-model.md"))
        let counted = Tables.counts(Tables.rows(of: page).filter { Self.isRequirement($0.item) })
        let told = Tables.rows(of: model).filter { $0.cells.count == 4 && Int($0.cells[1]) != nil }
        #expect(told.count == counted.count)
        for row in told {
            let name = String(row.item.prefix { $0 != " " })
            #expect(row.cells.dropFirst().compactMap { Int($0) } == counted[name], "\(row.item)")
        }
    }

    // MARK: Each rule can fail

    private func document(_ rows: String...) -> Tree.File {
        Tree.File(path: "Docs/a.md", bytes: Array(rows.joined(separator: "\n").utf8))
    }

    @Test func `a missing, a repeated and a misplaced item are found`() {
        let found = { (rows: [String]) in
            Tables.items(["A1", "A2"], of: self.document(rows.joined(separator: "\n"))) { $0.hasPrefix("A") }
        }
        #expect(found(["| A1 | x |", "| B | x |", "| A2 | x |"]).isEmpty)
        #expect(found(["| A1 | x |"]).map(\.what) == ["A2 is missing"])
        #expect(found(["| A1 | x |", "| A1 | x |", "| A2 | x |"]).map(\.line) == [2])
        #expect(found(["| A2 | x |", "| A1 | x |"]).map(\.line) == [1])
        #expect(found(["| A1 | x |", "| A2 | x |", "| A3 | x |"]).map(\.line) == [3])
    }

    @Test func `a suite that is not there, or has no test, is found`() {
        let suite = Tree.File(
            path: "Tests/A/GoodTests.swift",
            bytes: Array("@Suite struct GoodTests { @Test func a() {} }".utf8))
        let empty = Tree.File(path: "Tests/A/EmptyTests.swift", bytes: Array("struct EmptyTests {}".utf8))
        let rows = document("| 1 | `GoodTests`, `Other` |", "| 2 | `EmptyTests` |", "| 3 | x: `GoneTests` |")
        #expect(Tables.suites(namedIn: rows, of: Tree(files: [suite, empty])).map(\.line) == [2, 3])
    }

    @Test(arguments: [
        ("| 1.1.1 | 2 | a | met | Docs/b.md, `GoodTests` |", 0),
        ("| 1.1.1 | 1 | a | not applicable: none | none |", 0),
        ("| 1.1.1 | 1 | a | not yet: 4 (soon) | none |", 0),
        ("| 1.1.1 | 1 | a | not yet, in no issue | none |", 0),
        ("| 1.1.1 | 1 | a | met | none |", 1), ("| 1.1.1 | 3 | a | met | Docs/b.md |", 1),
        ("| 1.1.1 | 1 | a | not yet | none |", 1), ("| 1.1.1 | 1 | a | not yet: 9 | none |", 1),
        ("| 1.1.1 | 1 | a | not applicable | none |", 2), ("| 1.1.1 | 1 | a | met | Docs/gone.md |", 1),
        ("| 1.1.1 | 1 | met | Docs/b.md |", 1),
    ])
    func `a requirement without a level, a reason, an issue or a place is found`(line: String, count: Int)
        throws
    {
        let page = document(line)
        let tree = Tree(files: [Tree.File(path: "Docs/b.md", bytes: [])])
        let row = try #require(Tables.rows(of: page).first)
        #expect(Tables.requirement(row, of: page, in: tree).count == count)
    }
}

extension [Int] {
    fileprivate static func of(_ range: ClosedRange<Int>) -> [Int] { Array(range) }
}
