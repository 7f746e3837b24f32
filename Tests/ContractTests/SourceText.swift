import Foundation

/// The sources as text, for what can only be counted there.
enum SourceText {
    struct File {
        /// Below Sources/.
        let path: String
        let text: String

        /// Without lines that are comments.
        var code: String {
            text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.drop { $0 == " " }.hasPrefix("//") ? "" : $0 }.joined(separator: "\n")
        }
    }

    static func all() throws -> [File] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources")
        return try FileManager.default.subpathsOfDirectory(atPath: root.path()).sorted()
            .filter { $0.hasSuffix(".swift") }.map { path in
                File(
                    path: path, text: try String(contentsOf: root.appending(path: path), encoding: .utf8))
            }
    }
}
