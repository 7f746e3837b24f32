import Crypto
import Kernel
import TestSupport
import Testing

@testable import Identity

/// What Docs/access-tokens.md says of the format is what is made.
@Suite struct TokenPageTests {
    private static let folder = projectFolder() + "/Docs"

    private static func read(_ name: String) throws -> String {
        try #require(readWhole("\(folder)/\(name)"), "no \(name)")
    }

    /// What gitleaks looks for.
    private static func rule() throws -> (pattern: String, keywords: String) {
        let rules = try read("clients/gitleaks.toml")
        let pattern = try #require(rules.firstMatch(of: /regex = '''(.*)'''/)?.output.1)
        let keywords = try #require(rules.firstMatch(of: /keywords = \[(.*)\]/)?.output.1)
        return (String(pattern), String(keywords))
    }

    @Test func `the rule for gitleaks finds every secret, and stands in the page as in its file`() throws {
        let (pattern, keywords) = try Self.rule()
        let regex = try Regex(pattern)
        #expect(try Self.read("access-tokens.md").contains("regex = '''\(pattern)'''"))
        for purpose in AccessTokenSecret.Purpose.allCases {
            #expect(keywords.contains("\"\(purpose.rawValue)\""), "\(purpose)")
            for seed in 0..<50 {
                let secret = AccessTokenSecret(purpose, .seeded(UInt64(seed))).text
                for text in [secret, "token: \(secret),", "\"\(secret)\"", "a=\(secret)\n", "(\(secret))"] {
                    #expect(text.contains(regex), "\(text)")
                }
                for text in [
                    String(secret.dropLast()), "x\(secret)", "\(secret)0", secret.uppercased(),
                ] {
                    #expect(!text.contains(regex), "\(text)")
                }
            }
        }
    }

    @Test func `the page names every prefix`() throws {
        let page = try Self.read("access-tokens.md")
        let rows = page.matches(of: /\| `(kb[a-z]_)` \|/).map { String($0.output.1) }
        #expect(Set(rows) == Set(AccessTokenSecret.Purpose.allCases.map(\.rawValue)))
        #expect(rows.count == AccessTokenSecret.Purpose.allCases.count)
    }

    @Test func `the page names every reason for which a signature does not count`() throws {
        let page = try Self.read("access-tokens.md")
        for reason in SignatureFault.Reason.allCases {
            #expect(page.contains("\n| `\(reason.rawValue)` |"), "\(reason)")
        }
    }

    @Test func `the checksum as the page tells it tells real secrets from look-alikes`() async throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let secrets = AccessTokenSecret.Purpose.allCases.flatMap { purpose in
            (0..<20).map { AccessTokenSecret(purpose, .seeded(UInt64($0))).text }
        }
        let alike = secrets.map { $0.dropLast() + ($0.hasSuffix("0") ? "1" : "0") }
        try folder.write(secrets.map { "a \($0) b\n" }.joined(), to: "real")
        try folder.write(alike.joined(separator: "\n"), to: "alike")
        let check = Self.folder + "/clients/token_check.py"
        let found = try await runToEnd(["/usr/bin/env", "python3", check, folder.file("real")], in: folder)
        #expect(found.code == 1)
        let lines = found.output.split(separator: "\n")
        #expect(lines.count == secrets.count)
        for (number, (line, secret)) in zip(lines, secrets).enumerated() {
            #expect(line.hasSuffix(":\(number + 1): \(secret.prefix(8))…"))
        }
        let none = try await runToEnd(["/usr/bin/env", "python3", check, folder.file("alike")], in: folder)
        #expect(none.code == 0 && none.output.isEmpty, "\(none.output)")
    }
}
