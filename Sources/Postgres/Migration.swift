/// One step of the schema, forward only. Its text never changes once it was released.
package struct Migration: Sendable, Equatable {
    /// From 1, without holes.
    package let number: Int
    /// Lower-case letters, digits and underscores.
    package let name: String
    package let sql: String

    package init(number: Int, name: String, sql: String) {
        (self.number, self.name, self.sql) = (number, name, sql)
    }

    /// From a file's name, `0007_add_levels.sql`; nil for anything else.
    package init?(fileName: String, sql: String) {
        guard fileName.hasSuffix(".sql"), let underscore = fileName.firstIndex(of: "_"),
            let number = Int(fileName[..<underscore]), number > 0
        else { return nil }
        let name = fileName[fileName.index(after: underscore)...].dropLast(4)
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameByte) else { return nil }
        self.init(number: number, name: String(name), sql: sql)
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "_")
    }
}

/// Why a database is not migrated; nothing was changed.
package enum MigrationError: Error, Equatable, Sendable {
    /// The binary's own migrations are not 1, 2, 3, … with proper names.
    case misnumbered(Int)
    /// The database has a migration that this binary does not know.
    case databaseIsNewer(number: Int)
    /// A migration below an applied one is missing in the database.
    case hole(number: Int)
    /// The text of an applied migration is not what was applied.
    case changed(number: Int, name: String)
    /// The migration's SQL failed and was undone.
    case failed(number: Int, PostgresError)
}

extension MigrationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .misnumbered(let number): "migration \(number) is out of order or badly named in this program"
        case .databaseIsNewer(let number):
            "the database has migration \(number), which this program does not know: run a newer one"
        case .hole(let number): "the database lacks migration \(number) but has later ones"
        case .changed(let number, let name):
            "migration \(number) (\(name)) was applied with another text than this program has"
        case .failed(let number, let error): "migration \(number) failed: \(error)"
        }
    }
}

/// What a database has, as recorded in it.
struct AppliedMigration: Equatable {
    var number: Int
    var name: String
    var checksum: String
}

enum MigrationPlan {
    /// The migrations still to be applied, in order.
    static func pending(
        _ known: [(migration: Migration, checksum: String)], applied: [AppliedMigration]
    ) throws(MigrationError) -> [(migration: Migration, checksum: String)] {
        for (index, entry) in known.enumerated() {
            let isNamed =
                !entry.migration.name.isEmpty && entry.migration.name.utf8.allSatisfy(Migration.isNameByte)
            guard entry.migration.number == index + 1, isNamed else {
                throw .misnumbered(entry.migration.number)
            }
        }
        for (index, entry) in applied.enumerated() {
            guard entry.number <= known.count else { throw .databaseIsNewer(number: entry.number) }
            guard entry.number == index + 1 else { throw .hole(number: index + 1) }
            guard entry.name == known[index].migration.name, entry.checksum == known[index].checksum else {
                throw .changed(number: entry.number, name: known[index].migration.name)
            }
        }
        return Array(known.dropFirst(applied.count))
    }
}
