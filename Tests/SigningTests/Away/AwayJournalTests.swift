import Access
import Crypto
import EventLoop
import Glibc
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signing

/// The file that stands for the trail while the database is gone.
@Suite struct AwayJournalTests {
    private static let node = NodeID(UUID(high: 1, low: 2))

    private struct Book {
        let folder: TestFolder
        let away: AwayFolder
        let key: HMACKey
        let id: AwayJournalID

        init(_ number: UInt64 = 1) throws {
            folder = try TestFolder()
            away = AwayFolder(in: folder.path)
            key = try HMACKey(Secret(randomBytes: 32))
            id = AwayJournalID(UUID(high: 7, low: number))
        }

        var chain: AwayChain { AwayChain(key) }
        var beginning: AwayBeginning {
            AwayBeginning(journal: id, node: node, at: .testStart, epoch: 12, keys: 3)
        }

        func journal() throws -> AwayJournal { try AwayJournal(beginning, in: away, chain) }

        var name: String { "away/\(id).journal" }

        func read(_ bytes: [UInt8]) throws(AwayReading.Fault) -> AwayReading {
            try AwayReading(bytes, of: id, chain)
        }
    }

    private static func use(_ number: UInt64, nonce: UInt64? = nil) -> AwayUse {
        var data = JSONObject()
        _ = data.append("symbol", "BTC\u{2028}\"USDT")
        let charge = AwayTally.Charge(
            counter: CounterKey(owner: "desk", clause: 33), window: .testStart, amount: 5)
        return AwayUse(
            id: UsageID(UUID(high: 9, low: number)), at: .testStart + .milliseconds(Int64(number)),
            actor: Actor(
                principal: PrincipalID(.serviceAccount, UUID(high: 3, low: 4)),
                accessToken: AccessTokenID(UUID(high: 5, low: 6)), address: IPAddress(v4: 0x0A01_0009)),
            requestID: "req_1", subject: ExchangeKeyID(UUID(high: 1, low: 1)).description,
            operation: "cancel", symbol: "BTCUSDT", data: data, detail: data, request: "{\"a\":\n1}",
            nonce: nonce, charges: [charge])
    }

    private static func outcome(_ number: UInt64) -> AwayOutcome {
        AwayOutcome(
            usage: UsageID(UUID(high: 9, low: number)), at: .testStart, outcome: .refused, status: 400,
            code: "-2011", microseconds: 1_234,
            refunds: [
                AwayTally.Charge(
                    counter: CounterKey(owner: "desk", clause: 33), window: .testStart, amount: 5)
            ])
    }

    /// A whole one with three uses, as bytes.
    private func whole(_ book: Book) throws -> [UInt8] {
        let journal = try book.journal()
        for number in 1...3 as ClosedRange<UInt64> { try journal.put(.use(Self.use(number, nonce: number))) }
        journal.add(.outcome(Self.outcome(2)))
        try journal.close(AwayEnding(at: .testStart, reason: "database_back"))
        return try book.folder.bytes(of: book.name)
    }

    @Test func `what was written is read, whole, and only its owner may`() throws {
        let book = try Book()
        defer { book.folder.remove() }
        let reading = try book.read(whole(book))
        #expect(reading.beginning == book.beginning)
        #expect(reading.uses.map(\.id.uuid.low) == [1, 2, 3])
        #expect(reading.ending == AwayEnding(at: .testStart, reason: "database_back"))
        #expect(reading.outcomes.values.map { $0 } == [Self.outcome(2)])
        let use = try #require(reading.uses.last)
        let written = Self.use(3, nonce: 3)
        #expect(use.at == written.at && use.actor == written.actor && use.nonce == 3)
        #expect(use.charges == written.charges && use.request == written.request)
        #expect(JSONValue.object(use.data) == JSONValue.object(written.data))
        var facts = stat()
        #expect(stat(book.folder.file(book.name), &facts) == 0 && facts.st_mode & 0o777 == 0o600)
        #expect(stat(book.folder.file("away"), &facts) == 0 && facts.st_mode & 0o777 == 0o700)
    }

    @Test func `a last line that a crash has cut is left out, wherever it was cut`() throws {
        let book = try Book()
        defer { book.folder.remove() }
        let bytes = try whole(book)
        let ends = bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }
        for length in 0...bytes.count {
            let reading = try book.read(Array(bytes.prefix(length)))
            let lines = ends.count { $0 < length }
            #expect(reading.uses.count == max(0, min(lines - 1, 3)), "\(length)")
            #expect((reading.beginning == nil) == (lines == 0))
        }
    }

    @Test func `every byte that is another is found, at its line`() throws {
        let book = try Book()
        defer { book.folder.remove() }
        let bytes = try whole(book)
        var line = 1
        for place in bytes.indices.dropLast() {
            var changed = bytes
            changed[place] ^= 1
            // A line's end that is gone joins two lines; a new one cuts one.
            #expect(
                throws: AwayReading.Fault(
                    line: line, reason: "the line is not the one that was written there")
            ) { try book.read(changed) }
            if bytes[place] == UInt8(ascii: "\n") { line += 1 }
        }
    }

    @Test func `lines that are left out, put in, or in another order are found`() throws {
        let book = try Book()
        defer { book.folder.remove() }
        let lines = try whole(book).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast().map { Array($0) + [UInt8(ascii: "\n")] }
        for place in 0..<lines.count - 1 {
            var (without, twice, swapped) = (lines, lines, lines)
            without.remove(at: place)
            twice.insert(lines[place], at: place)
            swapped.swapAt(place, place + 1)
            for forged in [without, twice, swapped] {
                #expect(throws: AwayReading.Fault.self) { try book.read(Array(forged.joined())) }
            }
        }
    }

    @Test func `a journal of another key, or under another name, is not believed`() throws {
        let (book, other) = (try Book(), try Book(2))
        defer { (book.folder.remove(), other.folder.remove()).0 }
        let bytes = try whole(book)
        #expect(throws: AwayReading.Fault.self) { try other.read(bytes) }
        #expect(throws: AwayReading.Fault(line: 1, reason: "it begins another journal")) {
            try AwayReading(bytes, of: other.id, book.chain)
        }
    }

    @Test func `many write at once, and each is on the disk when it is told so`() async throws {
        let book = try Book()
        defer { book.folder.remove() }
        let journal = try book.journal()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<8 as Range<UInt64> {
                group.addTask {
                    try await blockingThreads.run {
                        for number in 0..<25 as Range<UInt64> {
                            let use = Self.use(lane * 1_000 + number)
                            try journal.put(.use(use))
                            let there = try book.read(try book.folder.bytes(of: book.name)).uses
                            #expect(there.contains { $0.id == use.id })
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try book.read(book.folder.bytes(of: book.name)).uses.count == 200)
    }

    @Test func `nothing is added behind the end, and a journal in use is not taken`() throws {
        let book = try Book()
        defer { book.folder.remove() }
        let journal = try book.journal()
        #expect(try book.away.take(book.id) == nil)
        try journal.close(AwayEnding(at: .testStart, reason: "expired"))
        #expect(!journal.add(.outcome(Self.outcome(1))))
        #expect(throws: AwayJournal.Broken.self) { try journal.put(.use(Self.use(1))) }
        #expect(try book.away.take(book.id) != nil)
        // One journal, one file: an id is never used twice.
        #expect(throws: SystemError.self) { try book.journal() }
    }

    @Test func `of those in the trail some are kept, of the refused all`() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let away = AwayFolder(in: folder.path)
        let count = UInt64(AwayFolder.mergedAtMost)
        for number in 0..<count + 5 {
            let id = AwayJournalID(UUID(high: 7, low: number))
            _ = try away.create(id)
            try away.mark(id, number < 3 ? .refused : .merged)
        }
        #expect(away.journals(.refused).count == 3)
        #expect(away.journals(.merged).map(\.uuid.low) == Array(5..<count + 5))
        #expect(away.journals(.journal).isEmpty)
    }
}
