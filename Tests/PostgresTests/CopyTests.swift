import EventLoop
import Kernel
import TestSupport
import Testing

@testable import Postgres

@Suite struct CopyTests {
    private struct GivenUp: Error {}
    private static let rows = 100_000

    private static func fill(_ connection: PlainConnection) async throws -> Int {
        try await connection.copyIn("copy candle from stdin (format binary)") { writer in
            var rows = CopyRows(columns: 5)
            for number in 0..<Self.rows {
                rows.beginRow()
                rows.append(UUID(high: 1, low: UInt64(number)))
                rows.append(Timestamp(seconds: Int64(number)))
                rows.append(Double(number) / 4)
                rows.append("row \(number)")
                rows.append(number % 2 == 0 ? Int64(number) : nil)
                if rows.count > 65_536 { try await writer.write(rows.take()) }
            }
            try await writer.write(rows.finish())
        }
    }

    private static func table(_ connection: PlainConnection) async throws {
        try await connection.run(
            "create table candle (id uuid, at timestamptz, close float8, note text, volume bigint)")
    }

    @Test func `a hundred thousand rows go in and come out`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            let connection = try await database.connector.plainConnection()
            defer { connection.close() }
            try await Self.table(connection)
            let stored = try await Self.fill(connection)
            #expect(stored == Self.rows)
            let sums = try await database.query(
                Statement("sums", "select count(*), sum(close)::float8, count(volume), max(at) from candle"))
            #expect(sums[0].int(0) == Self.rows)
            #expect(sums[0].double(1) == Double(Self.rows * (Self.rows - 1) / 2) / 4)
            #expect(sums[0].int(2) == Self.rows / 2)
            #expect(sums[0].timestamp(3) == Timestamp(seconds: Int64(Self.rows - 1)))
            var lines = 0
            let count = try await connection.copyOut("copy (select note from candle order by at) to stdout") {
                line in
                if lines == 41 { #expect(String(decoding: line, as: UTF8.self) == "row 41\n") }
                lines += 1
            }
            #expect(lines == Self.rows)
            #expect(count == Self.rows)
        }
    }

    @Test func `a copy that its writer gives up leaves nothing`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            let connection = try await database.connector.plainConnection()
            defer { connection.close() }
            try await Self.table(connection)
            await expectFailure({ $0 is GivenUp }) {
                try await connection.copyIn("copy candle (note) from stdin") { writer in
                    try await writer.write(Array("one\n".utf8))
                    throw GivenUp()
                }
            }
            let state = await sqlStateOfCopy(connection, "copy candle (volume) from stdin", "no number\n")
            #expect(state == "22P02")
            let rows = try await connection.run("select count(*)::text from candle")
            #expect(rows?.first?.text(0) == "0")
        }
    }

    private func sqlStateOfCopy(_ connection: PlainConnection, _ sql: String, _ text: String) async -> String?
    {
        do {
            try await connection.copyIn(sql) { try await $0.write(Array(text.utf8)) }
            return nil
        } catch {
            return (error as? PostgresError)?.sqlState
        }
    }
}
