/// A sealed value that somebody altered past the service, so that it opens under no key-encryption key.
struct BlockedRow: Equatable, Sendable, CustomStringConvertible {
    /// Table and column.
    let column: String
    let id: String

    var description: String { "\(column) \(id)" }
}

/// What a step of a rotation did.
struct RewrapStep: Equatable {
    var moved = 0
    /// What it found and left as it is.
    var blocked: [BlockedRow] = []

    /// Nothing is left that could be moved.
    var isLast: Bool { moved == 0 && blocked.isEmpty }
}

/// The older generation stays for as long as these hang on it.
struct BlockedRows: Error, CustomStringConvertible {
    private static let shown = 5

    let rows: [BlockedRow]
    /// False: there were so many that it stopped at these.
    let isAllElseMoved: Bool

    var description: String {
        let names = rows.prefix(Self.shown).map(\.description).joined(separator: ", ")
        let rest = rows.count > Self.shown ? " and others" : ""
        return """
            blocked by \(rows.count) rows that were altered past the service: \(names)\(rest). \
            Restore them from a backup or remove them; \
            \(isAllElseMoved ? "all else was moved" : "what is behind them waits").
            """
    }
}

extension [BlockedRow] {
    func ids(in column: SealedColumn) -> [String] {
        filter { $0.column == column.name }.map(\.id)
    }
}
