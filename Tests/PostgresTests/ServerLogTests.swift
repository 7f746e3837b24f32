import Glibc
import Kernel
import TestSupport
import Testing

@testable import Postgres

@Suite struct ServerLogTests {
    private static let before = "2026-01-05 08:00:00.000 UTC [4711] "

    @Test(arguments: [
        ("PANIC:  could not write to file \"pg_wal/xlogtemp.4711\": No space left on device", true),
        ("FATAL:  could not write lock file \"postmaster.pid\": No space left on device", true),
        ("ERROR:  could not extend file \"base/5/16384\": No space left on device", true),
        ("ERROR:  duplicate key value violates unique constraint \"one\"", false),
        ("FATAL:  the database system is in recovery mode", false),
        ("FATAL:  password authentication failed for user \"keybell\"", false),
        ("LOG:  database system is shut down", false), ("STATEMENT:  select 'PANIC:  x'", false),
    ])
    func `what keeps a server from its work is a complaint, and nothing else is`(line: String, isOne: Bool) {
        let words = line.replacing(":  ", with: ": ", maxReplacements: 1)
        #expect(ServerLog.complaint(Self.before + line) == (isOne ? words : nil))
    }

    @Test func `only what is new is told, and each once`() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let line = Self.before + "PANIC:  old trouble\n"
        try folder.write(line, to: "server.log")
        var log = ServerLog(folder.file("server.log"))
        #expect(!log.hasGrown && log.complaints() == [])
        let more = Self.before + "PANIC:  new trouble\n"
        try folder.write(line + more + more, to: "server.log")
        #expect(log.hasGrown && log.complaints() == ["PANIC: new trouble"])
        #expect(log.complaints() == [])
        try folder.write(more, to: "server.log")
        #expect(log.complaints() == ["PANIC: new trouble"], "a file that was begun anew is read anew")
    }

    @Test func `a server that falls again and again is started ever later, up to a bound`() {
        var pace = RestartPace()
        let pauses = (0..<9).map { _ in
            _ = pace.lived(.seconds(1))
            return pace.next().microseconds / 1_000
        }
        #expect(pauses == [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
        #expect(!pace.lived(.seconds(19)) && pace.lived(.seconds(1)))
        #expect(pace.next() == Period(microseconds: 0))
    }
}
