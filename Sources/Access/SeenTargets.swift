package import Postgres

/// What somebody sees of keys and accounts, as statements narrow lists by it: every row says what it is about
/// and under which name it is looked at (a type of event, a permission), and those are numbers and ids here.
/// Names that show the same things share a number, so that what is sent grows with the things.
///
/// ```sql
/// ($1::jsonb ->> name) || ' ' || id = any ($2::text[])
/// ```
package struct SeenTargets: Sendable {
    package private(set) var numbers: [String: Int] = [:]
    package private(set) var pairs: [String] = []

    /// - Parameters:
    ///   - wanted: by name, what a reader must hold on a thing.
    ///   - targets: what the reader may see of at all.
    package init(_ wanted: [String: [Permission]], _ rights: Rights, _ targets: Targets) {
        var known: [[Permission]: Int?] = [:]
        var groups: [[String]: Int] = [:]
        for (name, permissions) in wanted {
            let number =
                known[permissions]
                ?? {
                    let seen = targets.keys.filter { rights.may(permissions, to: $0, targets) }.sorted()
                    guard !seen.isEmpty else { return nil }
                    if let number = groups[seen] { return number }
                    let number = groups.count
                    groups[seen] = number
                    pairs += seen.map { "\(number) \($0)" }
                    return number
                }()
            known[permissions] = .some(number)
            numbers[name] = number
        }
    }

    /// Nothing beside what is seen everywhere.
    package static let none = SeenTargets([:], .none, [:])

    /// `$1` and `$2`.
    package var parameters: [Parameter] {
        let members = numbers.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
        return [.json(Array("{\(members)}".utf8)), .textArray(pairs)]
    }
}
