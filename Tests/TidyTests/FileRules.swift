/// Files that must agree with each other.
enum FileRules {
    /// Forward only, `NNNN_name.sql`, numbered from 1 without holes, every one inside the binary.
    static func migrations(_ tree: Tree) -> [Violation] {
        let names = tree.files.filter { $0.path.hasPrefix("Migrations/") }.map(\.name).sorted()
        let assets = tree.file("Sources/CAssets/assets.c")?.bytes ?? []
        return names.enumerated().flatMap { index, name in
            var found: [Violation] = []
            let digits = name.prefix { $0 != "_" }
            if !name.hasSuffix(".sql") || digits.count != 4 || Int(digits) != index + 1 {
                let what = "migration \(index + 1) was expected here, as NNNN_name.sql"
                found.append(Violation(path: "Migrations/\(name)", line: 1, what: what))
            }
            if assets.wholeWordPositions(of: name).isEmpty {
                let what = "not listed in Sources/CAssets/assets.c"
                found.append(Violation(path: "Migrations/\(name)", line: 1, what: what))
            }
            return found
        }
    }

    /// Every rule pack is inside the binary.
    static func packs(_ tree: Tree) -> [Violation] {
        let assets = tree.file("Sources/CAssets/assets.c")?.text ?? ""
        return tree.files.filter { $0.path.hasPrefix("Packs/") && !assets.contains("../../\($0.path)\"") }.map
        {
            Violation(path: $0.path, line: 1, what: "not listed in Sources/CAssets/assets.c")
        }
    }

    /// The container's build has every folder that the package names; what is built on demand only is left
    /// out.
    static func container(_ tree: Tree) -> [Violation] {
        let dockerfile = tree.file("Dockerfile")?.text ?? ""
        let package = tree.file("Package.swift")?.text ?? ""
        let named = package.matches(of: #/path: "([A-Za-z]+)\//#).map { String($0.output.1) }
        return Set(named + ["Sources", "Migrations", "Packs", "Web", "Assets"]).subtracting(["Benchmarks"])
            .sorted().filter { !dockerfile.contains("COPY \($0) ./\($0)\n") }
            .map { Violation(path: "Dockerfile", line: 1, what: "does not copy \($0)") }
    }

    /// A script says how it is called and can be called.
    static func script(_ file: Tree.File) -> [Violation] {
        let isScript = file.text.hasPrefix("#!")
        let isCommand =
            file.path.hasPrefix(".ci/") || file.path.hasPrefix("Scripts/") && !file.name.contains(".")
        guard isScript || isCommand else { return [] }
        var found: [Violation] = []
        if !isScript { found.append(Violation(path: file.path, line: 1, what: "a script without a #! line")) }
        if !file.isExecutable {
            found.append(Violation(path: file.path, line: 1, what: "a script that is not executable"))
        }
        let head = file.text.split(separator: "\n", maxSplits: 4, omittingEmptySubsequences: false).prefix(4)
        if !head.contains(where: { $0.contains("usage: ") }) {
            found.append(Violation(path: file.path, line: 2, what: "a script that does not say its usage"))
        }
        return found
    }

    /// What a document tells the reader to run or open is there.
    static func namedFiles(_ document: Tree.File, in tree: Tree) -> [Violation] {
        let starts = document.bytes.startsOfLines()
        let folders = ["Scripts/", ".ci/", "Docs/", "Benchmarks/", "Tests/", "Sources/", "Migrations/"]
        return folders.flatMap { folder in
            document.bytes.positions(of: folder).compactMap { position in
                if position > 0,
                    document.bytes[position - 1].isWordByte || document.bytes[position - 1] == .slash
                {
                    return nil
                }
                let isOfName = { (byte: UInt8) in byte.isWordByte || "/.-+".utf8.contains(byte) }
                var name = document.bytes[position...].prefix(while: isOfName).text
                while let last = name.last, last == "." || last == "/" { name.removeLast() }
                let isThere = tree.files.contains { $0.path == name || $0.path.hasPrefix(name + "/") }
                if isThere || name + "/" == folder { return nil }
                let line = starts.lineNumber(at: position)
                return Violation(path: document.path, line: line, what: "names \(name), which does not exist")
            }
        }
    }
}
