/// SQL with `$n` parameters, as a value beside the rows that it decodes. Prepared once per connection, on
/// first use.
package struct Statement: Sendable {
    /// For the server's log and for tests that prepare every statement.
    package let name: String
    package let sql: String
    /// Runs in a transaction with other reads of the same turn, to share their round trip's system calls.
    let isRead: Bool
    private let hash: Int

    package init(_ name: StaticString, _ sql: StaticString) {
        self.init(name: name.description, sql: sql.description, hash: Int(bitPattern: sql.utf8Start))
    }

    /// For SQL that is put together from constant parts, such as lists with optional filters.
    /// Never from input: that belongs into parameters.
    package init(_ name: StaticString, derived sql: String) {
        self.init(name: name.description, sql: sql, hash: sql.hashValue)
    }

    private init(name: String, sql: String, hash: Int) {
        (self.name, self.sql, self.hash) = (name, sql, hash)
        isRead = Self.readsOnly(sql)
    }

    /// Locks are kept to the end of a transaction, and session locks survive its failure: such statements run
    /// alone.
    private static func readsOnly(_ sql: String) -> Bool {
        let words = sql.lowercased().split { $0.isWhitespace }
        guard words.first == "select" else { return false }
        let locks = ["advisory", "setval", "nextval"]
        let isLocking = zip(words, words.dropFirst()).contains { pair in
            pair.0 == "for" && ["update", "no", "share", "key"].contains(pair.1)
        }
        return !isLocking && !words.contains { word in locks.contains { word.contains($0) } }
    }
}

/// A statement with the types of its parameters: what one prepared statement on the server stands for.
struct PreparedKey: Hashable {
    let statement: Statement
    /// The parameters' type numbers, folded.
    let signature: UInt64

    static func == (a: Self, b: Self) -> Bool {
        a.signature == b.signature && a.statement.sql == b.statement.sql
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(statement.identity)
        hasher.combine(signature)
    }
}

extension Statement {
    /// Equal for equal SQL of one origin; a constant's address costs nothing to hash.
    var identity: Int { hash }
}
