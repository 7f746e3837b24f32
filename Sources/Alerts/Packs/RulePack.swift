import JSON
import Kernel

/// Ready rules that are switched on together, as a file of Packs/ has them.
package struct RulePack: Sendable {
    package let name: String
    /// Raised with every change of its file.
    package let version: Int
    package let title: String
    package let description: String
    package let rules: [PackRule]

    package init(_ bytes: [UInt8]) throws {
        var f = try Fields(bytes)
        name = f.string("name", 1...40)
        version = f.int("version", 1...1_000_000)
        title = f.string("title", 1...100)
        description = f.string("description", 1...300)
        let values = f.values("rules", count: 1...50)
        try f.finish()
        rules = try values.map { try PackRule($0) }
        guard Set(rules.map(\.name)).count == rules.count else {
            throw PackMistake("a name stands twice in \(name)")
        }
    }

    func rule(_ name: String) -> PackRule? { rules.first { $0.name == name } }
}
