import Testing

/// The house rules, held against every file of the project. That each rule can fail is shown by `RuleTests`.
@Suite struct TidyTests {
    private let tree = Tree.ofThisProject

    /// The rules' own words stand in this folder as rules and as bad samples.
    private var swift: [SwiftText] { tree.swift.filter { $0.room != "TidyTests" } }
    private var written: [Tree.File] { tree.written.filter { !$0.path.hasPrefix("Tests/TidyTests/") } }
    private var sources: [SwiftText] { tree.swift.filter(\.isSource) }

    private func expectNone(_ found: [Violation], at place: SourceLocation = #_sourceLocation) {
        let list = found.map(\.description).sorted().joined(separator: "\n")
        #expect(found.isEmpty, Comment(rawValue: list), sourceLocation: place)
    }

    @Test func `the project's files are found`() {
        #expect(tree.file("Package.swift") != nil)
        #expect(tree.swift.count > 10)
    }

    @Test func `lines fit on a screen`() {
        expectNone(tree.swift.flatMap { LayoutRules.longLines($0) })
    }

    @Test func `a file holds one idea`() {
        expectNone(tree.swift.flatMap { LayoutRules.longFile($0) })
        for warning in tree.swift.flatMap({ LayoutRules.longFile($0, over: LayoutRules.goodFileLines) }) {
            print("tidy, worth splitting: \(warning)")
        }
    }

    @Test func `a function fits on a page`() {
        expectNone(tree.swift.flatMap { LayoutRules.longFunctions($0) })
    }

    @Test func `lines end where their text ends`() {
        expectNone(tree.written.flatMap { LayoutRules.trailingSpace($0) })
    }

    @Test func `nothing is left to be done`() {
        expectNone(written.flatMap { WordRules.unfinishedWork($0) })
    }

    @Test func `nothing names one machine or a package host`() {
        expectNone(written.flatMap { WordRules.foreignPlaces($0) })
    }

    @Test func `the container is built of every folder that is needed`() {
        expectNone(FileRules.container(tree))
    }

    @Test func `the sources keep to the safe language`() {
        expectNone(sources.flatMap { WordRules.unsafeWords($0) + WordRules.emptyCatches($0) })
    }

    @Test func `what other rooms inline holds no array literal`() {
        expectNone(sources.flatMap { InlinableRules.arrayLiterals($0) })
    }

    @Test func `time and chance arrive from Kernel`() {
        expectNone(sources.flatMap { WordRules.clockAndChance($0) })
    }

    @Test func `type names carry the design`() {
        expectNone(swift.flatMap { WordRules.emptyTypeNames($0) })
    }

    @Test func `T21: no statement is built from values`() {
        expectNone(sources.flatMap { SQLRules.builtStatements($0) })
        let stale = SQLRules.allowed.keys.filter { tree.file($0) == nil }
        #expect(stale.isEmpty, "allowed, but not there")
    }

    @Test func `arrows point down`() throws {
        let package = try #require(tree.swift.first { $0.path == "Package.swift" })
        let house = House(package: package)
        #expect(house.rooms.first == "Kernel")
        #expect(house.rooms.last == "keybell")
        expectNone(house.upwardArrows())
        expectNone(sources.flatMap { house.upwardImports($0) })
        expectNone(House.sharedCModules(tree.swift.filter { $0.isSource || $0.room == "TestSupport" }))
    }

    @Test func `every room is tested and every folder is known`() throws {
        let package = try #require(tree.swift.first { $0.path == "Package.swift" })
        let house = House(package: package)
        let tests = tree.folders(in: "Tests")
        expectNone(house.untestedRooms(folders: tests))
        expectNone(house.unknownFolders(sources: tree.folders(in: "Sources"), tests: tests))
    }

    @Test func `migrations are numbered without holes and travel in the binary`() {
        expectNone(FileRules.migrations(tree))
        expectNone(FileRules.packs(tree))
    }

    @Test func `a script says how it is called`() {
        expectNone(tree.written.flatMap { FileRules.script($0) })
    }

    @Test func `what the documents name is there`() {
        let documents = tree.written.filter {
            $0.path == "README.md" || $0.path.hasPrefix("Docs/") && $0.path.hasSuffix(".md")
        }
        expectNone(documents.flatMap { FileRules.namedFiles($0, in: tree) })
    }
}
