import Glibc

/// The samples of one fuzzer: files of Fuzz/Corpus/<name>.
struct Corpus {
    let samples: [(name: String, bytes: [UInt8])]

    init(_ name: String) throws {
        let folder = Self.root + "/" + name
        samples = try Self.entries(folder).map { (name: $0, bytes: try Self.read(folder + "/" + $0)) }
    }

    static func names() throws -> [String] { try entries(root) }

    private static let root = String(
        #filePath.dropLast("/Tests/FuzzTests/Corpus.swift".utf8.count) + "/Fuzz/Corpus")

    private static func entries(_ folder: String) throws -> [String] {
        guard let handle = opendir(folder) else { throw CorpusFailure(description: "no folder \(folder)") }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw CorpusFailure(description: "cannot read \(path)") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 17)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }
}

struct CorpusFailure: Error, CustomStringConvertible {
    let description: String
}
