import Foundation

/// One place where a house rule is broken.
struct Violation: Sendable, CustomStringConvertible {
    let path: String
    let line: Int
    let what: String

    var description: String { "\(path):\(line): \(what)" }
}

/// The project's files as they stand in the working folder, without what tools make.
struct Tree: Sendable {
    struct File: Sendable {
        let path: String
        let bytes: [UInt8]
        var isExecutable = false

        var text: String { String(decoding: bytes, as: UTF8.self) }
        var name: String { path.split(separator: "/").last.map(String.init) ?? "" }
    }

    static let ofThisProject = Tree(
        root: String(#filePath.dropLast("/Tests/TidyTests/Tree.swift".utf8.count)))
    static let madeByTools: Set<String> = [
        ".build", ".build-fuzz", ".git", ".venv", ".swiftpm", ".hypothesis", "__pycache__", "scratch",
        "secrets",
    ]

    let files: [File]
    let swift: [SwiftText]

    init(files: [File]) {
        self.files = files
        swift = files.filter { $0.path.hasSuffix(".swift") }.map { SwiftText(path: $0.path, bytes: $0.bytes) }
    }

    init(root: String) {
        var found: [File] = []
        Self.collect(root, "", into: &found)
        self.init(files: found.sorted { $0.path < $1.path })
    }

    private static func collect(_ root: String, _ folder: String, into found: inout [File]) {
        let manager = FileManager.default
        for name in (try? manager.contentsOfDirectory(atPath: root + "/" + folder)) ?? [] {
            if madeByTools.contains(name) { continue }
            let path = folder.isEmpty ? name : folder + "/" + name
            let full = root + "/" + path
            var isFolder: ObjCBool = false
            guard manager.fileExists(atPath: full, isDirectory: &isFolder) else { continue }
            if isFolder.boolValue {
                collect(root, path, into: &found)
            } else if let data = manager.contents(atPath: full) {
                let isExecutable = manager.isExecutableFile(atPath: full)
                found.append(File(path: path, bytes: Array(data), isExecutable: isExecutable))
            }
        }
    }

    /// Text that people write: no fixtures, no fuzzers' corpus, nothing with a zero byte.
    var written: [File] {
        files.filter {
            !$0.path.contains("/Fixtures/") && !$0.path.contains("/Corpus/") && !$0.bytes.contains(0)
                && $0.name != "Package.resolved"
        }
    }

    func file(_ path: String) -> File? { files.first { $0.path == path } }

    func folders(in parent: String) -> Set<String> {
        Set(
            files.filter { $0.path.hasPrefix(parent + "/") }.compactMap { file in
                let parts = file.path.split(separator: "/")
                return parts.count > 2 ? String(parts[1]) : nil
            })
    }
}
