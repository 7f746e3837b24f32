import Access
import Exchanges
import Kernel
package import Postgres

/// Opens everything that is sealed of all keys, and shows nothing of it: the proof that a backup is worth
/// something.
package struct KeyInspection: Sendable {
    private static let pageRows = 500
    static let page = Statement(
        "key_inspection",
        derived: ["select", KeyColumns.list, "from exchange_key where id > $1 order by id limit $2"]
            .joined(separator: " "))

    package private(set) var keys = 0
    package private(set) var secrets = 0
    /// Keys with a wrong tag or a secret that does not open.
    package private(set) var broken: [String] = []

    package init() {}

    package nonisolated(nonsending) mutating func run(
        _ database: Database, _ custody: KeyCustody
    ) async throws {
        var last = UUID(high: 0, low: 0)
        while true {
            let rows = try await database.query(Self.page, .uuid(last), .int(Self.pageRows)).map {
                KeyRow($0)
            }
            guard let end = rows.last else { return }
            for row in rows { try await inspect(row, database, custody) }
            last = end.id.uuid
        }
    }

    private nonisolated(nonsending) mutating func inspect(
        _ row: KeyRow, _ database: Database, _ custody: KeyCustody
    ) async throws {
        keys += 1
        do {
            let key = try ExchangeKey(row)
            try custody.check(key, tag: row.tag)
            var current = key.currentVersion
            for version in try await KeyVersionStore.all(of: key.id, in: database)
            where version.state != .destroyed {
                guard
                    let sealed = try await KeyVersionStore.credential(
                        of: key.id, version: version.number, in: database)
                else { continue }
                _ = try custody.open(sealed, of: key, version: version.number)
                secrets += 1
                if version.number == current { current = nil }
            }
            // The tag says which one is used: it may be gone whose row was taken away.
            if current != nil, key.ownMode != .revoked { broken.append(row.id.description) }
        } catch is TamperedKey {
            broken.append(row.id.description)
        }
    }
}
