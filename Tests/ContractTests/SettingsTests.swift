import Testing

@testable import Service

/// The settings as the code reads them, as `check-config` knows them, and as operations.md shows them.
struct SettingsTests {
    private let page: String

    init() throws { page = String(decoding: try Contract.file("Docs/operations.md"), as: UTF8.self) }

    private static func names(in text: some StringProtocol) -> [String] {
        String(text).matches(of: #/KEYBELL_[A-Z_]*[A-Z]/#).map { String($0.output) }
    }

    /// Names at the beginning of a table's rows.
    private var rows: [String] {
        page.split(separator: "\n").compactMap { line in
            line.firstMatch(of: #/^\| `(KEYBELL_[A-Z_]+)` \|/#).map { String($0.output.1) }
        }
    }

    @Test func `operations.md has a row for every setting, and for nothing else`() {
        #expect(rows.sorted() == Setting.names.sorted())
    }

    @Test func `operations.md speaks of no setting that does not exist`() {
        #expect(Set(Self.names(in: page)).subtracting(Setting.names) == [])
    }

    @Test func `every setting is read, and what is read is a setting`() throws {
        let code = try SourceText.all().filter { $0.path == "Service/Configuration/Settings.swift" }.map(
            \.code)
        #expect(Set(code.flatMap(Self.names)) == Set(Setting.names))
        #expect(Set(Setting.names).count == Setting.names.count)
    }

    @Test(arguments: ["nowhere", "a=10.0.0.5,a=10.0.0.6", "10.0.0.5,10.0.0.5", "a=10.0.0.0/8"])
    func `addresses to send from are addresses, each of its own name`(_ text: String) {
        #expect {
            try Settings(
                environment: ["KEYBELL_EGRESS_ADDRESSES": text], home: "/h", isRoot: false, cores: 1)
        } throws: { "\($0)".contains("KEYBELL_EGRESS_ADDRESSES") }
    }

    @Test func `a setting that is nearly one is refused by its name, without its value`() {
        #expect {
            try Settings(
                environment: ["KEYBELL_LOPS": "hunter2"], home: "/h", isRoot: false, cores: 1)
        } throws: { error in
            let text = "\(error)"
            return text.contains("KEYBELL_LOPS is not a setting; did you mean KEYBELL_LOOPS?")
                && !text.contains("hunter2")
        }
    }

    @Test(arguments: Setting.names.filter { $0 != "KEYBELL_ROOT_KEY" })
    func `a value that cannot be one is refused by its setting's name, without the value`(name: String) {
        #expect {
            try Settings(environment: [name: "\u{1}hunter2"], home: "/h", isRoot: false, cores: 1)
        } throws: { error in
            "\(error)".contains(name) && !"\(error)".contains("hunter2")
        }
    }
}
