import JSON
import Postgres

/// What stands in the columns beside an entry, item by item: a copy for finding, never evidence.
package struct AuditColumns: Equatable, Sendable {
    package struct Item: Equatable, Sendable {
        package let actor: String?
        package let action: String
        package let resource: String?
        package let outcome: String

        package init(actor: String?, action: String, resource: String?, outcome: String) {
            (self.actor, self.action, self.resource, self.outcome) = (actor, action, resource, outcome)
        }
    }

    package let items: [Item]
    /// Whether the items are numbered 0, 1, 2, …
    private let areNumbered: Bool

    package init(_ items: [Item]) {
        self.items = items
        areNumbered = true
    }

    /// Columns from `first`: item numbers, actors, actions, resources, outcomes.
    init(_ row: Row, from first: Int) {
        let numbers = row.int64Array(first)
        let (actors, actions) = (row.optionalTextArray(first + 1), row.textArray(first + 2))
        let (resources, outcomes) = (row.optionalTextArray(first + 3), row.textArray(first + 4))
        items = actions.indices.map { index in
            Item(
                actor: actors[index], action: actions[index], resource: resources[index],
                outcome: outcomes[index])
        }
        areNumbered = numbers == (0..<Int64(numbers.count)).map { $0 }
    }

    /// Whether the entry's bytes say the same.
    package func agree(with body: [UInt8]) -> Bool {
        guard areNumbered,
            let written = try? JSONValue.parse(body, limits: AuditTrail.bodyLimits)["items"]?.asArray
        else { return false }
        return items
            == written.map { item in
                Item(
                    actor: item["actor"]?["id"]?.asString, action: item["action"]?.asString ?? "",
                    resource: item["resource"]?.asString, outcome: item["outcome"]?.asString ?? "")
            }
    }
}
