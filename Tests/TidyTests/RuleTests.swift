import Testing

/// Each rule finds its bad sample, and lets the good one beside it pass.
@Suite struct RuleTests {
    private func source(_ text: String, in room: String = "JSON") -> SwiftText {
        SwiftText(path: "Sources/\(room)/Sample.swift", text)
    }

    private func file(_ text: String, at path: String = "Sources/JSON/Sample.swift") -> Tree.File {
        Tree.File(path: path, bytes: Array(text.utf8))
    }

    private func lines(_ found: [Violation]) -> [Int] { found.map(\.line) }

    @Test func `a line of 111 characters is too long, one of 110 is not, and bytes do not count`() {
        let good = String(repeating: "ü", count: 110)
        #expect(LayoutRules.longLines(source(good + "\n" + good)).isEmpty)
        #expect(lines(LayoutRules.longLines(source("x\n" + good + "x\n"))) == [2])
    }

    @Test func `a file of 501 lines is too long`() {
        let line = "let x = 1\n"
        #expect(LayoutRules.longFile(source(String(repeating: line, count: 500))).isEmpty)
        #expect(LayoutRules.longFile(source(String(repeating: line, count: 501))).count == 1)
        #expect(LayoutRules.longFile(source(String(repeating: line, count: 401)), over: 400).count == 1)
    }

    @Test(arguments: [
        "    func a() {", "    package static func a(\n        b: Int\n    ) -> Int {", "    init(a: Int) {",
        "    public init?(a: Int) {",
    ])
    func `a function of 61 lines is too long`(head: String) {
        let headLines = head.split(separator: "\n").count
        let text = { (count: Int) in
            "struct S {\n" + head + "\n" + String(repeating: "        work()\n", count: count - headLines - 1)
                + "    }\n\n    func short() {\n    }\n}\n"
        }
        #expect(LayoutRules.longFunctions(source(text(60))).isEmpty)
        #expect(lines(LayoutRules.longFunctions(source(text(61)))) == [2])
    }

    @Test func `white space at the end of a line is found`() {
        #expect(LayoutRules.trailingSpace(file("a\nb\n")).isEmpty)
        #expect(lines(LayoutRules.trailingSpace(file("a \nb\t\nc\r\nd"))).sorted() == [1, 2, 3, 4])
    }

    @Test(arguments: WordRules.unfinished)
    func `unfinished work is found`(word: String) {
        #expect(lines(WordRules.unfinishedWork(file("a\n// \(word): later\n"))) == [2])
        #expect(WordRules.unfinishedWork(file("let a\(word)b = 1\n")).isEmpty)
    }

    @Test(arguments: WordRules.foreignPlaces)
    func `a machine's path is found`(place: String) {
        #expect(lines(WordRules.foreignPlaces(file("a\nsee \(place) there\n"))) == [2])
    }

    @Test(arguments: WordRules.unsafe)
    func `unsafe words are found in code and not in prose`(word: String) {
        #expect(lines(WordRules.unsafeWords(source("let a = 1\n\(word) b\n"))).contains(2))
        #expect(
            WordRules.unsafeWords(source("// \(word)\n/* \(word) /* */ \(word) */let a = \"\(word)\"\n"))
                .isEmpty)
    }

    @Test(arguments: WordRules.clockAndChance + [".random("])
    func `a clock or chance outside Kernel is found`(word: String) {
        let text = "let a = \"\\(x.f(\(word)))\"\n"
        #expect(lines(WordRules.clockAndChance(source(text))) == [1])
        #expect(WordRules.clockAndChance(source(text, in: "Kernel")).isEmpty)
    }

    @Test func `a seeded draw is no chance`() {
        #expect(WordRules.clockAndChance(source("let a = Int.random(in: 0..<3, using: &seeded)\n")).isEmpty)
    }

    @Test(arguments: ["[1, 2]", "[0x74]", "a ? [b, c] : []"])
    func `an array literal in what is inlined is found`(literal: String) {
        let text = { (head: String) in "\(head) func f() {\n    use(\(literal))\n}\nlet table = [1, 2]\n" }
        #expect(lines(InlinableRules.arrayLiterals(source(text("@inlinable public")))) == [2])
        #expect(InlinableRules.arrayLiterals(source(text("public"))).isEmpty)
        let good = "@inlinable func f(_ a: [UInt8]) -> [Int: Int] {\n    a[0, 1]; let b: [UInt8] = []\n}\n"
        #expect(InlinableRules.arrayLiterals(source(good)).isEmpty)
    }

    @Test(arguments: ["struct KeyManager", "enum URLUtils", "class CommonCode", "protocol Helper"])
    func `a type name that says nothing is found`(declaration: String) {
        #expect(lines(WordRules.emptyTypeNames(source("package \(declaration) {}\n"))) == [1])
        #expect(WordRules.emptyTypeNames(source("struct Utilisation {}\nstruct Commons {}\n")).isEmpty)
    }

    @Test func `an empty catch is found`() {
        #expect(lines(WordRules.emptyCatches(source("do { try a() } catch {\n}\n"))) == [1])
        #expect(WordRules.emptyCatches(source("do { try a() } catch { log(error) }\n")).isEmpty)
    }

    @Test(arguments: [
        #""select a from b where c = \(d)""#, #""insert into a values (\(b))""#, #""update a set b = \(c)""#,
        #""delete from a where b = \(c)""#, ##"#"select \#(a) from b"#"##,
        #""select a from b where c = " + d"#,
        "\"\"\"\n    select a\n    from b\n    where c = '\\(d)'\n    \"\"\"", #""copy \(a) from stdin""#,
        #""with a as (select 1) select \(b)""#,
    ])
    func `T21: SQL with a value in its text is found`(literal: String) {
        #expect(lines(SQLRules.builtStatements(source("let a = 1\nlet b = \(literal)\n"))) == [2])
    }

    @Test(arguments: [
        #""select a from b where c = $1""#, #""select a " + "from b""#, #""selected \(a) of \(b)""#,
        #""update of \(a) failed""#, ##"#"select \(a) from b"#"##,
    ])
    func `T21: SQL without values passes`(literal: String) {
        #expect(SQLRules.builtStatements(source("let a = \(literal)\n")).isEmpty)
    }

    private let package = SwiftText(
        path: "Package.swift",
        """
        func room(_ name: String, _ dependencies: [String] = []) -> Target { other(name) }
        let base = ["Kernel", "JSON"]
        let package = [room("Kernel", ["CLinux"]), room("JSON", ["Kernel"]), room("Keys", base),
            room("Alerts", base + [
                "Keys"]), .executableTarget(name: "keybell", dependencies: ["Alerts"]),
            tests("JSONTests", ["JSON"]), tests("AlertsTests", ["Alerts"]), tests("IntegrationTests", []),
            .executableTarget(name: name, dependencies: ["JSON"], path: "Fuzz/" + name)]
        """)

    @Test func `the house is read from Package.swift`() {
        let house = House(package: package)
        #expect(house.rooms == ["Kernel", "JSON", "Keys", "Alerts", "keybell"])
        #expect(house.arrows.map(\.dependencies)[3] == ["Kernel", "JSON", "Keys"])
        #expect(house.testTargets == ["JSONTests", "AlertsTests", "IntegrationTests"])
        #expect(house.upwardArrows().isEmpty)
    }

    @Test func `an arrow that points up is found in Package.swift`() {
        let text = #"let p = [room("JSON", ["Keys"]), room("Keys", [])]"#
        #expect(House(package: SwiftText(path: "Package.swift", text)).upwardArrows().count == 1)
    }

    @Test(arguments: [
        "import Keys", "package import Keys", "import struct Keys.Key", "@testable import Keys",
    ])
    func `an import that points up is found`(line: String) {
        let house = House(package: package)
        #expect(lines(house.upwardImports(source("import Kernel\n\(line)\n", in: "JSON"))) == [2])
        #expect(house.upwardImports(source(line + "\n", in: "Alerts")).isEmpty)
    }

    @Test func `a C module in a second room is found`() {
        let curl = [source("import CCurl\n", in: "HTTPClient"), source("import CCurl\n", in: "Alerts")]
        #expect(House.sharedCModules(curl).map(\.path) == ["Sources/Alerts/Sample.swift"])
        #expect(House.sharedCModules([source("internal import COpenSSL\n", in: "Alerts")]).count == 1)
        let shared = [source("import CLinux\n", in: "Kernel"), source("import CLinux\n", in: "EventLoop")]
        #expect(House.sharedCModules(shared).isEmpty)
    }

    @Test func `a room without tests and a folder without a target are found`() {
        let house = House(package: package)
        let untested = house.untestedRooms(folders: ["JSONTests", "AlertsTests", "IntegrationTests"])
        #expect(untested.map(\.path) == ["Sources/Kernel"])
        let unknown = house.unknownFolders(
            sources: ["Kernel", "CLinux", "Attic"], tests: ["JSONTests", "OldTests"])
        #expect(unknown.map(\.path) == ["Attic", "OldTests"])
    }

    @Test func `a hole in the migrations and one that does not travel are found`() {
        let tree = { (names: [String]) in
            Tree(
                files: names.map { file("select 1;\n", at: "Migrations/\($0)") }
                    + [file("0001_a.sql 0002_b.sql 0003_c.sql", at: "Sources/CAssets/assets.c")])
        }
        #expect(FileRules.migrations(tree(["0001_a.sql", "0002_b.sql"])).isEmpty)
        #expect(FileRules.migrations(tree(["0001_a.sql", "0003_c.sql"])).count == 1)
        #expect(FileRules.migrations(tree(["0001_a.sql", "0002_new.sql"])).count == 1)
        #expect(FileRules.migrations(tree(["1_a.sql"])).count == 2)
    }

    @Test func `a rule pack that does not travel is found`() {
        let tree = { (name: String) in
            Tree(
                files: [
                    file("{}\n", at: "Packs/\(name)"),
                    file("#embed \"../../Packs/a.json\"\n", at: "Sources/CAssets/assets.c"),
                ])
        }
        #expect(FileRules.packs(tree("a.json")).isEmpty)
        #expect(FileRules.packs(tree("b.json")).count == 1)
    }

    @Test func `a script that does not say its usage or cannot run is found`() {
        let good = "#!/usr/bin/env bash\n# usage: Scripts/a\n"
        let script = { (text: String, path: String, isExecutable: Bool) in
            FileRules.script(Tree.File(path: path, bytes: Array(text.utf8), isExecutable: isExecutable)).count
        }
        #expect(script(good, "Scripts/a", true) == 0)
        #expect(script(good, "Scripts/a", false) == 1)
        #expect(script("#!/bin/sh\nexit\n", "Benchmarks/a.sh", true) == 1)
        #expect(script("# usage: a\n", ".ci/run", true) == 1)
        #expect(script("text", "Scripts/requirements.txt", false) == 0)
    }

    @Test func `a document that names what is not there is found`() {
        let tree = Tree(files: [file("", at: "Scripts/run"), file("", at: "Docs/decisions/1.md")])
        let good = file("`Scripts/run`, Docs/decisions/ and .build/Scripts/a, see Docs/.\n", at: "README.md")
        #expect(FileRules.namedFiles(good, in: tree).isEmpty)
        let bad = file("a\n`Scripts/gone` and (Docs/none.md).\n", at: "README.md")
        #expect(lines(FileRules.namedFiles(bad, in: tree)) == [2, 2])
    }

    @Test func `code is told from strings and comments`() {
        let text = source(##"a("x\"y", #"r"\#(b("c"))"#) // d "e"\##nf("""\##n g " h \(i("j")) """)"##)
        let kept = String(decoding: text.code, as: UTF8.self).filter { !$0.isWhitespace }
        #expect(kept == ##"a("",#"\#(b(""))"#)f("""\(i(""))""")"##)
        #expect(text.literals.map(\.isInterpolated) == [false, true, false, true, false])
    }
}
