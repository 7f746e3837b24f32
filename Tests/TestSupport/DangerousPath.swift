import JSON

/// A request that moves money, keys, accounts or loans: `Tests/Fixtures/dangerous-paths.json`.
package struct DangerousPath: Hashable {
    package let exchange: String
    package let host: String
    package let method: String
    package let path: String
    /// Methods under which the same path only tells something.
    package let also: [String]

    package static func all() throws -> [DangerousPath] {
        let text = readWhole("\(projectFolder())/Tests/Fixtures/dangerous-paths.json") ?? ""
        let value = try JSONValue.parse(
            Array(text.utf8), limits: JSONLimits(depth: 8, textBytes: 1 << 22))
        return (value["paths"]?.asArray ?? []).map { row in
            let text = { (name: String) in row[name]?.asString ?? "" }
            return DangerousPath(
                exchange: text("exchange"), host: text("host"), method: text("method"), path: text("path"),
                also: (row["also"]?.asArray ?? []).compactMap(\.asString))
        }
    }

    /// The same path as other servers might read it.
    package var spellings: [String] {
        (folded + encoded + behind + foreign).filter { $0 != path }
    }

    private var last: String { path.split(separator: "/").last.map(String.init) ?? "" }
    /// Without its last segment, and without the slash before that.
    private var parent: String { String(path.dropLast(last.count + 1)) }

    private var folded: [String] {
        let (last, parent) = (last, parent)
        let capital = last.prefix(1).uppercased()
        return [
            path.uppercased(), path.lowercased(), "\(parent)/\(capital)\(last.dropFirst())",
            "\(path)/", "\(path)//", "/\(path)", "\(parent)//\(last)", "/.\(path)", "/x/..\(path)",
            "/%2e\(path)", "/x/%2E%2E\(path)", "\(parent)/./\(last)", "\(parent);a=b/\(last)",
        ]
    }

    private var encoded: [String] {
        let (last, parent) = (last, parent)
        let hex = last.utf8.first.map { String($0, radix: 16, uppercase: true) } ?? ""
        let rest = String(last.dropFirst())
        return [
            "\(parent)/%2F\(last)", "\(parent)%2f\(last)", "\(parent)/%\(hex)\(rest)",
            "\(parent)/%\(hex.lowercased())\(rest)", "\(parent)/%25\(hex)\(rest)",
            "\(parent)/\\\(last)", "\(parent)/%5C\(last)", "\(parent)/%E2%80%8B\(last)",
        ]
    }

    private var behind: [String] {
        let ends = [
            ";", ";v=1", "%3B", "%20", "%00", "%0A", "%09", "%3F", "%23", ".json", ".", "%2E", "/.", "/..",
            "\u{0}", " ",
        ]
        return ends.map { path + $0 }
    }

    /// Letters that look or fold alike, and what is no path.
    private var foreign: [String] {
        let letters: [(String, String)] = [
            ("a", "%D0%B0"), ("e", "%D0%B5"), ("k", "%E2%84%AA"), ("a", "\u{0430}"), ("k", "\u{212A}"),
            ("i", "\u{FF49}"),
        ]
        return letters.map { path.replacing($0.0, with: $0.1) }
            + ["https://example.org\(path)", String(path.dropFirst()), "*", ""]
    }
}
