import Glibc
import Testing

/// One text of the public parsing corpus; the name's first letter is the verdict: y accept, n refuse, i as
/// one likes.
struct ParsingCase: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]

    var testDescription: String { name }

    static let all: [ParsingCase] = {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let table = contents(of: "/\(folder)/Fixtures/json-parsing/cases.tsv")
        return table.split(separator: "\n").map { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            return ParsingCase(name: String(columns[0]), bytes: bytes(columns[1]))
        }
    }()

    /// Parts between commas, each in hexadecimal, repeated as often as stands behind a star.
    private static func bytes(_ parts: Substring) -> [UInt8] {
        parts.split(separator: ",").flatMap { part in
            let factors = part.split(separator: "*")
            let digits = Array(factors[0])
            let once = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(digits[$0...$0 + 1]), radix: 16)
            }
            let times = factors.count > 1 ? Int(factors[1]) ?? 1 : 1
            return Array(repeatElement(once, count: times).joined())
        }
    }

    private static func contents(of path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
