import Access
import Events
import JSON
import Kernel
import Postgres
import Testing
import TestSupport

@testable import Alerts

/// The files of Packs/: what they hold is what a desk trusts.
struct RulePackTests {
    static let files: [(name: String, bytes: [UInt8])] = {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return (folderEntries("/\(root)/Packs") ?? []).sorted().compactMap { name in
            readWhole("/\(root)/Packs/\(name)").map { (name, Array($0.utf8)) }
        }
    }()

    static func packs() throws -> [RulePack] { try files.map { try RulePack($0.bytes) } }

    @Test func `every file is a pack of its name`() throws {
        #expect(try Self.packs().map { "\($0.name).json" } == Self.files.map(\.name))
        #expect(!Self.files.isEmpty)
        let titles = try Self.packs().flatMap(\.rules).map { $0.title.lowercased() }
        #expect(Set(titles).count == titles.count)
    }

    @Test func `a rule over what the service alone never tells says what it needs`() throws {
        for rule in try Self.packs().flatMap(\.rules) {
            let content = try rule.draft(JSONObject(), at: .testStart).content
            let waits = content.on.contains { $0.text.hasPrefix("custom.") || $0.text.hasPrefix("mover.") }
            #expect((rule.needs != nil) == waits, "\(rule.name)")
        }
    }

    @Test func `every rule reads, its cases pass and expect both, and it uses every parameter`() throws {
        for rule in try Self.packs().flatMap(\.rules) {
            let draft = try rule.draft(JSONObject(), at: .testStart)
            let failures = RuleTestResults(draft.tests, of: draft.content).failures
            #expect(failures.map(\.message) == [], "\(rule.name)")
            #expect(draft.tests.contains { $0.expect == .silent }, "\(rule.name)")
            #expect(draft.tests.contains { $0.expect == .fires }, "\(rule.name)")
            #expect(draft.content.advice == rule.advice && draft.content.severity == rule.severity)
            #expect(draft.content.isSecurity == rule.isSecurity, "\(rule.name)")
            #expect(try rule.unusedParameters() == [], "\(rule.name)")
            #expect(rule.advice.hasSuffix(".") && !rule.advice.contains(where: \.isNewline), "\(rule.name)")
        }
    }

    @Test func `whatever its parameters are set to, a rule passes its cases`() throws {
        for rule in try Self.packs().flatMap(\.rules) {
            for parameter in rule.parameters {
                for value in parameter.extremes {
                    var chosen = JSONObject(members: [(parameter.name, value)])
                    // Where that alone makes no sense, what is bound to it is as far as it goes.
                    if !rule.unfit(chosen).isEmpty {
                        for other in rule.parameters.filter({ $0.isBound(to: parameter) }) {
                            _ = chosen.append(other.name, value)
                        }
                    }
                    let draft = try rule.draft(chosen, at: .testStart)
                    let failures = RuleTestResults(draft.tests, of: draft.content).failures
                    #expect(failures.map(\.message) == [], "\(rule.name) \(parameter.name) \(value)")
                }
            }
        }
    }

    /// Of the list that everybody wants.
    @Test func `everything that is promised is there`() throws {
        let names = try Set(Self.packs().flatMap(\.rules).map(\.name))
        let promised: Set<String> = [
            "failed-log-ins", "unlisted-address", "trade-denied", "first-symbol", "first-side",
            "withdrawal-attempt", "overdue-rotation", "unused-key", "over-permissive-key", "new-address",
            "dormant-key-wakes", "decoy-touched", "shared-by-bots", "shared-by-addresses", "grade-rises",
            "grade-falls", "signal-flips", "failed-log-in", "new-api-key", "withdrawal",
            "new-withdrawal-address",
        ]
        #expect(promised.subtracting(names) == [])
    }

    // MARK: Templates

    @Test(arguments: [
        (#""${count}""#, "5"), (#""${count-1}""#, "4"), (#""${level+0.5}""#, "70.5"),
        (#""${span+1s}""#, #""601s""#), (#""v >= ${count}""#, #""v >= 5""#),
        (#""x in ${names}""#, #""x in ['a', 'it\\'s']""#), (#""${names}""#, #"["a","it's"]"#),
        (#""${names[1]}""#, #""it's""#), (#"["${count}", {"a": "b"}]"#, #"[5,{"a":"b"}]"#),
    ]) func `places are filled by what they stand in`(template: String, expected: String) throws {
        var filler = PackTemplate(Self.values)
        #expect(try filler.fill(try JSONValue.parse(template)).text == expected)
    }

    @Test(arguments: [#""${other}""#, #""${count*2}""#, #""${names+1}""#, #""${span-x}""#, #""${names[2]}""#])
    func `what cannot be filled is a mistake`(template: String) throws {
        var filler = PackTemplate(Self.values)
        let value = try JSONValue.parse(template)
        #expect(throws: PackMistake.self) { try filler.fill(value) }
    }

    private static let values: [String: PackValue] = [
        "count": .integer(5), "level": .number(70), "span": .duration(.minutes(10), text: "10m"),
        "names": .texts(["a", "it's"]),
    ]

    // MARK: The page

    @Test func `the page lists the packs as they are`() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let page = try #require(readWhole("/\(root)/Docs/alerts.md"))
        let table = try PackTable.text(of: Self.packs())
        #expect(page.contains(table), "Scripts/packs-table writes it")
    }
}

/// As Scripts/packs-table writes it.
enum PackTable {
    static func text(of packs: [RulePack]) -> String {
        let head = "| pack | rule | severity | parameters | advice |\n|---|---|---|---|---|\n"
        return packs.reduce(into: head) { text, pack in
            for rule in pack.rules {
                let own = rule.parameters.dropLast(3).map { "`\($0.name)` \(words($0.preset.json))" }
                let parameters = own.isEmpty ? "–" : own.joined(separator: ", ")
                let severity = rule.severity.rawValue
                text += "| `\(pack.name)` | `\(rule.name)` | \(severity) | \(parameters) | \(rule.advice) |\n"
            }
        }
    }

    private static func words(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .number(let number): number.text.hasSuffix(".0") ? String(number.text.dropLast(2)) : number.text
        case .array(let values): values.isEmpty ? "none" : values.map(words).joined(separator: " ")
        default: "–"
        }
    }
}

extension PackParameter {
    fileprivate func isBound(to other: PackParameter) -> Bool {
        bound?.name == other.name || other.bound?.name == name
    }

    /// Values at the ends of what it takes.
    fileprivate var extremes: [JSONValue] {
        switch kind {
        case .integer(let range):
            [.number(JSONNumber(range.lowerBound)), .number(JSONNumber(range.upperBound))]
        case .number(let range):
            [PackValue.number(range.lowerBound).json, PackValue.number(range.upperBound).json]
        case .duration(let range):
            [.string(range.lowerBound.description), .string(range.upperBound.description)]
        case .strings(_, let choices):
            choices.isEmpty ? [["a 'quoted' \\ one", "b"]] : choices.map { [.string($0)] }
        case .choice(let choices): choices.map { .string($0) }
        case .webhooks: [[]]
        }
    }
}
