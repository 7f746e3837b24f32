import EventLoop
import Postgres
import TestSupport
import Testing

/// Every statement of the sources is one that the migrated database understands: a misspelt column fails
/// here, not at the desk.
struct StatementTests {
    /// What names nothing, and what PREPARE does not take.
    private static let bare: Set<String> = ["begin", "commit", "rollback", "truncate write_probe"]

    @Test func `every statement that is written down prepares on a migrated database`() async throws {
        let texts = try StatementText.ofSources()
        let constants = texts.compactMap { text in text.sql.map { (name: text.name, sql: $0) } }
            .filter { !Self.bare.contains($0.sql) }
        #expect(constants.count > 150)
        try await prepare(constants)
    }

    @Test func `every statement that is put together prepares in each of its forms`() async throws {
        let statements = try DerivedStatements.all()
        #expect(Set(statements.map(\.sql)).count > 70)
        try await prepare(statements.map { (name: $0.name, sql: $0.sql) })
    }

    @Test func `no statement that is put together is missing here`() throws {
        let written = try StatementText.ofSources().filter { $0.sql == nil }.map(\.name)
        let known = try Set(DerivedStatements.all().map(\.name))
        #expect(Set(written).subtracting(known) == [], "they belong into DerivedStatements")
        #expect(known.subtracting(written) == [])
    }

    @Test func `a statement's name is its own`() throws {
        let names = try StatementText.ofSources().map(\.name)
        #expect(Dictionary(grouping: names) { $0 }.filter { $0.value.count > 1 }.keys.sorted() == [])
    }

    @Test func `a statement is read from its text, whatever the layout`() throws {
        let text = #"""
            let a = Statement("one", "select 1")
            let b = Statement(
                "two",
                """
                select '\\'
                    from t
                """)
            let c = [Statement("three", derived: "select \(columns)")]
            // Statement(never)
            PreparedStatement(not: 1)
            """#
        let found = try StatementText.statements(in: .init(path: "a.swift", text: text))
        #expect(found.map(\.name) == ["one", "two", "three"])
        #expect(found.map(\.sql) == ["select 1", "select '\\'\n    from t", nil])
    }

    @Test(arguments: [
        "Statement(name, sql)", #"Statement("a", sql)"#, #"Statement("a", "select \(x)")"#,
        #"let a: Statement = .init("a", "select 1")"#, #"Statement.init("a", "select 1")"#,
    ])
    func `a statement that cannot be read fails, instead of being passed over`(text: String) {
        #expect(throws: StatementText.Unreadable.self) {
            try StatementText.statements(in: .init(path: "a.swift", text: text))
        }
    }

    @Test func `a misspelt column is found`() async throws {
        let scratch = try await ScratchDatabase.make()
        let mistake = try await Self.mistakes(
            in: [(name: "typo", sql: "select nme from webhook where id = $1")], scratch.url)
        #expect(mistake.count == 1)
    }

    private func prepare(_ statements: [(name: String, sql: String)]) async throws {
        let scratch = try await ScratchDatabase.make()
        let mistakes = try await Self.mistakes(in: statements, scratch.url)
        #expect(mistakes == [])
    }

    private static func mistakes(
        in statements: [(name: String, sql: String)], _ url: DatabaseURL
    ) async throws -> [String] {
        let worker = try Worker()
        worker.start(name: "prepare")
        defer { worker.stop() }
        return try await worker.run { worker in
            let connector = Connector(
                url, settings: .init(), reactor: worker.reactor, offLoop: scratchOffLoop)
            let connection = try await connector.plainConnection()
            defer { connection.close() }
            var found: [String] = []
            for statement in statements {
                if let mistake = try await prepare(statement.sql, [:], on: connection) {
                    found.append("\(statement.name): \(mistake)")
                }
            }
            return found
        }
    }

    /// A parameter whose type the statement leaves open is text: the service says the type of every one.
    private nonisolated(nonsending) static func prepare(
        _ sql: String, _ types: [Int: String], on connection: PlainConnection
    ) async throws -> String? {
        let list = (1..<((types.keys.max() ?? 0) + 1)).map { types[$0] ?? "unknown" }
        let declared = list.isEmpty ? "" : "(\(list.joined(separator: ", ")))"
        guard let error = try await refusal("prepare statement\(declared) as \(sql)", on: connection) else {
            return nil
        }
        guard error.sqlState == "42P18", let open = openParameter(error.message), types[open] == nil else {
            return error.message
        }
        return try await prepare(sql, types.merging([open: "text"]) { $1 }, on: connection)
    }

    private static func openParameter(_ message: String) -> Int? {
        message.firstMatch(of: #/type of parameter \$(\d+)/#).flatMap { Int($0.output.1) }
    }

    private nonisolated(nonsending) static func refusal(
        _ sql: String, on connection: PlainConnection
    ) async throws -> ServerError? {
        do {
            try await connection.run("deallocate all; \(sql)")
            return nil
        } catch {
            guard case .server(let refusal) = error else { throw error }
            return refusal
        }
    }
}
