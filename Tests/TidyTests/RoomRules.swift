/// The house as Package.swift draws it: rooms in order, arrows pointing down only.
struct House {
    let rooms: [String]
    /// What each room or test target names as a dependency, by its position in Package.swift.
    let arrows: [(room: String, dependencies: [String])]
    let testTargets: [String]

    /// C modules that several rooms may import; every other belongs to the first that does.
    static let sharedModules: [String: Set<String>] = [
        "CLinux": [
            "Kernel", "EventLoop", "Crypto", "Postgres", "HTTPServer", "HTTPClient", "Service", "TestSupport",
        ],
        "COpenSSL": ["Crypto", "HTTPServer"],
        "CAssets": ["Identity", "Service"],
    ]
    /// Rooms whose tests stand in another room's test target, and where.
    static let testedElsewhere = [
        "Access": "ContractTests", "Jobs": "IntegrationTests", "Events": "IntegrationTests",
        "Identity": "IntegrationTests", "Keys": "IntegrationTests", "Service": "IntegrationTests",
        "keybell": "IntegrationTests",
    ]

    init(package: SwiftText) {
        var base: [String] = []
        var arrows: [(room: String, dependencies: [String])] = []
        var testTargets: [String] = []
        let calls = ["let base", "room(", "executableTarget(", "tests("].flatMap { call in
            package.code.wholeWordPositions(of: call).map { (call, $0) }
        }
        for (call, position) in calls.sorted(by: { $0.1 < $1.1 }) {
            let body = package.code[position...]
            let end = Self.endOfCall(body, opening: call == "let base" ? "[" : "(")
            let names = package.literals.filter {
                position <= $0.range.lowerBound && $0.range.upperBound <= end
            }
            .map { package.text($0).filter { $0 != "\"" } }
            if call == "let base" { base = names; continue }
            let code = Array(package.code[position..<end])
            // A target with a path of its own, such as a fuzzer, is no room.
            guard let name = names.first, code.positions(of: "path:").isEmpty else { continue }
            let usesBase = !code.wholeWordPositions(of: "base").isEmpty
            let dependencies = (usesBase ? base : []) + names.dropFirst()
            if call == "tests(" { testTargets.append(name) } else { arrows.append((name, dependencies)) }
        }
        rooms = arrows.map(\.room)
        self.arrows = arrows
        self.testTargets = testTargets
    }

    private static func endOfCall(_ body: ArraySlice<UInt8>, opening: String) -> Int {
        let open = Array(opening.utf8)[0]
        let close = open == .open ? UInt8.close : UInt8(ascii: "]")
        var depth = 0
        for (index, byte) in zip(body.indices, body) {
            if byte == open { depth += 1 }
            if byte == close { depth -= 1 }
            if byte == close, depth == 0 { return index }
        }
        return body.endIndex
    }

    /// A room that names a later one in Package.swift.
    func upwardArrows() -> [Violation] {
        arrows.enumerated().flatMap { index, arrow in
            arrow.dependencies.filter { rooms[index...].contains($0) }.map {
                Violation(
                    path: "Package.swift", line: 1, what: "\(arrow.room) names \($0), which stands above it")
            }
        }
    }

    func upwardImports(_ file: SwiftText) -> [Violation] {
        guard let own = rooms.firstIndex(of: file.room) else { return [] }
        return Self.imports(of: file).compactMap { module, line in
            guard let other = rooms.firstIndex(of: module), other >= own else { return nil }
            return Violation(
                path: file.path, line: line, what: "\(file.room) imports \(module), which stands above it")
        }
    }

    static func sharedCModules(_ files: [SwiftText]) -> [Violation] {
        var owners: [String: String] = [:]
        return files.flatMap { file in
            imports(of: file).compactMap { module, line in
                guard isC(module) else { return nil }
                let allowed = sharedModules[module] ?? [owners[module] ?? file.room]
                owners[module] = owners[module] ?? file.room
                if allowed.contains(file.room) { return nil }
                let who = allowed.sorted().joined(separator: ", ")
                return Violation(path: file.path, line: line, what: "\(module) is for \(who) only")
            }
        }
    }

    private static func isC(_ module: String) -> Bool {
        [
            "CLinux", "CLibpq", "COpenSSL", "CSodium", "CCurl", "CZlib", "CAssets", "CWiping", "CYaml",
        ].contains(module)
    }

    static func imports(of file: SwiftText) -> [(module: String, line: Int)] {
        file.code.wholeWordPositions(of: "import ").compactMap { position in
            let line = file.line(at: position)
            let words = file.lines(of: file.code)[line - 1].text.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place + 1 < words.count else { return nil }
            let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let next = kinds.contains(String(words[place + 1])) ? place + 2 : place + 1
            guard next < words.count else { return nil }
            return (String(words[next].prefix { $0 != "." }), line)
        }
    }

    func untestedRooms(folders: Set<String>) -> [Violation] {
        rooms.compactMap { room in
            let home = folders.contains(room + "Tests") ? room + "Tests" : Self.testedElsewhere[room]
            if let home, testTargets.contains(home), folders.contains(home) { return nil }
            return Violation(path: "Sources/\(room)", line: 1, what: "no test target tests this room")
        }
    }

    func unknownFolders(sources: Set<String>, tests: Set<String>) -> [Violation] {
        let known = Set(
            rooms + testTargets + [
                "Acceptance", "Clients", "Fixtures", "IndicatorDriver", "Judges", "RivalDriver",
                "SigningDriver",
                "StandIn", "TestSupport", "Tour",
            ])
        return (sources.filter { !Self.isC($0) }.union(tests)).subtracting(known).sorted().map {
            Violation(path: $0, line: 1, what: "a folder that Package.swift does not name")
        }
    }
}
