import HTTPClient
import JSON
import Kernel
import Postgres

/// Takes settings out of the environment and keeps every mistake.
struct SettingsReader {
    private let values: [String: String]
    private var mistakes: [String] = []

    init(_ environment: [String: String]) {
        let ours = environment.filter { $0.key.hasPrefix("KEYBELL_") }
        values = ours.filter { !$0.value.isEmpty }
        let known = Setting.names
        for name in ours.keys.sorted()
        where !known.contains(name) && !Setting.families.contains(where: { name.hasPrefix($0) }) {
            let guess = Suggestion.closest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
            fail(name, "is not a setting\(guess)")
        }
    }

    /// Sorted by name.
    func values(under prefix: String) -> [(name: String, text: String)] {
        values.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    mutating func fail(_ name: String, _ reason: String) { mistakes.append("\(name) \(reason)") }
    mutating func add(_ more: [String]) { mistakes += more }

    consuming func finish() throws(SettingsMistakes) {
        guard mistakes.isEmpty else { throw SettingsMistakes(lines: mistakes) }
    }

    func text(_ name: String) -> String? { values[name] }

    mutating func value<Value>(_ name: String, _ expected: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = values[name] else { return nil }
        if let value = parse(text) { return value }
        fail(name, "must be \(expected)")
        return nil
    }

    mutating func int(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        value(name, "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func bool(_ name: String) -> Bool? {
        value(name, "true or false") { ["true": true, "false": false][$0] }
    }

    mutating func path(_ name: String) -> String? {
        value(name, "an absolute path") { $0.hasPrefix("/") ? $0 : nil }
    }

    mutating func url(_ name: String, _ allowance: Allowance) -> OutgoingURL? {
        guard let text = values[name] else { return nil }
        do throws(URLRefusal) {
            return try OutgoingURL(text, allowance: allowance)
        } catch {
            fail(name, "cannot be used: \(error.sentence)")
            return nil
        }
    }

    mutating func choice<Choice: CaseIterable & RawRepresentable>(
        _ name: String, _ type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return value(name, "one of \(choices)") { Choice(rawValue: $0) }
    }

    mutating func list<Item>(_ name: String, _ expected: String, _ parse: (String) -> Item?) -> [Item] {
        let items = value(name, "\(expected), separated by commas") { text -> [Item]? in
            let parts = text.split(separator: ",").map { part in String(part.filter { $0 != " " }) }
            let items = parts.compactMap(parse)
            return items.count == parts.count ? items : nil
        }
        return items ?? []
    }

    mutating func database(_ name: String) -> DatabaseURL? {
        guard let text = values[name] else { return nil }
        do throws(DatabaseURLError) {
            return try DatabaseURL(text)
        } catch {
            fail(name, "cannot be used: \(error)")
            return nil
        }
    }

    /// Two paths that only make sense together.
    mutating func pair(_ first: String, _ second: String) -> (String?, String?) {
        if values[first] != nil, values[second] == nil { fail(second, "is missing; \(first) needs it") }
        if values[first] == nil, values[second] != nil { fail(first, "is missing; \(second) needs it") }
        return (path(first), path(second))
    }
}
