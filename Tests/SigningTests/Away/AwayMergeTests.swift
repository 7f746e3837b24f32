import Access
import EventLoop
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signing

/// From a node's disk into the trail: all of it, once, however often it is cut.
@Suite struct AwayMergeTests {
    private static let cutAfterFirstStep = """
        create function cut() returns trigger language plpgsql as $$
        begin
            if new.merged > 200 then raise exception 'cut'; end if;
            return new;
        end $$
        """
    private static let makeCut = Statement("test_cut", derived: cutAfterFirstStep)
    private static let addCut = Statement(
        "test_cut_add",
        "create trigger cut before update on away_journal for each row execute function cut()")
    private static let dropCut = Statement("test_cut_drop", "drop trigger cut on away_journal")
    private static let counts = Statement(
        "test_away_counts",
        """
        select (select count(*) from usage_event), (select count(distinct id) from usage_event),
            (select count(*) from audit_item where action = 'keys.proxy.away'),
            (select count(*) from event where type = 'away.began'),
            (select count(*) from event where type = 'away.ended'),
            (select count(*) from event where type = 'key.use.unknown')
        """)
    private static let nonce = Statement(
        "test_away_nonce", "select used from limit_counter where owner = $1 and clause = 0")
    private static let key = ExchangeKeyID(UUID(high: 1, low: 1))

    private static func use(_ number: UInt64) -> AwayUse {
        var data = JSONObject()
        _ = data.append("key_id", .string(key.description))
        return AwayUse(
            id: UsageID(UUID(high: 9, low: number)), at: .testStart + .milliseconds(Int64(number)),
            actor: .installation, requestID: "req_1", subject: key.description, operation: "cancel",
            symbol: nil, data: data, detail: data, request: nil, nonce: 1_000 + number, charges: [])
    }

    private func begin(_ id: AwayJournalID, in desk: AwayDesk) throws -> AwayJournal {
        let beginning = AwayBeginning(
            journal: id, node: NodeID(UUID(high: 1, low: 9)), at: .testStart, epoch: 3, keys: 1)
        return try AwayJournal(beginning, in: desk.away, desk.desk.book.chain(of: id))
    }

    /// A journal as a node leaves it that dies: without an end.
    private func leave(_ uses: UInt64, in desk: AwayDesk) async throws -> AwayJournalID {
        let id = AwayJournalID(UUID(high: 7, low: 1))
        let journal = try begin(id, in: desk)
        for number in 0..<uses {
            let use = Self.use(number)
            journal.add(.use(use))
            let outcome: UsageRecord.Outcome = number % 3 == 0 ? .unsent : .accepted
            guard number % 3 != 2 else { continue }
            journal.add(
                .outcome(
                    AwayOutcome(
                        usage: use.id, at: use.at, outcome: outcome, status: nil, code: nil,
                        microseconds: 5)))
        }
        try journal.put(.use(Self.use(uses)))
        return id
    }

    private func counts(_ desk: AwayDesk) async throws -> [Int64] {
        let row = try #require(try await desk.desk.database.query(Self.counts).first)
        return (0..<6).map { row.int64($0) }
    }

    @Test func `cut in the middle and begun again, every use is there once`() async throws {
        try await AwayDesk.run { desk in
            let id = try await leave(449, in: desk)
            let database = desk.desk.database
            _ = try await database.query(Self.makeCut)
            _ = try await database.query(Self.addCut)
            try await desk.look()
            #expect(try await counts(desk) == [200, 200, 200, 1, 0, 66])
            #expect(desk.away.journals(.journal) == [id])

            _ = try await database.query(Self.dropCut)
            desk.time.move(.minutes(1))
            try await desk.look()
            // Of 450, each third was not heard of, and the last one neither.
            let all: [Int64] = [450, 450, 450, 1, 1, 150]
            #expect(try await counts(desk) == all)
            #expect(desk.away.journals(.merged) == [id])
            let nonce = try await database.query(Self.nonce, .text(Self.key.description)).first?.int64(0)
            #expect(nonce == 1_449)

            // Killed behind the commit, before the file had its new name.
            try DurableFile.move(
                desk.folder.file("away/\(id).merged"), to: desk.folder.file("away/\(id).journal"))
            try await desk.comeBack()
            #expect(try await counts(desk) == all)
            #expect(desk.away.journals(.merged) == [id])
        }
    }

    private static let named = Statement(
        "test_away_named",
        "select count(*) from usage_event where symbol is null and symbols @> array[$1]::text[]")

    @Test func `a batch that left by the journal is found by each of its symbols`() async throws {
        try await AwayDesk.run { desk in
            var data = Self.use(1).data
            _ = data.append("symbols", ["BTCUSDT", "ETH\\\"USDT"])
            let use = AwayUse(
                id: Self.use(1).id, at: .testStart, actor: .installation, requestID: "req_1",
                subject: Self.key.description, operation: "trade", symbol: nil, data: data, detail: data,
                request: nil, nonce: nil, charges: [])
            try begin(AwayJournalID(UUID(high: 7, low: 3)), in: desk).put(.use(use))
            try await desk.look()
            for (symbol, count) in [("BTCUSDT", 1), ("ETH\\\"USDT", 1), ("ETH", 0)] {
                let row = try await desk.desk.database.query(Self.named, .text(symbol)).first
                #expect(row?.int(0) == count, "\(symbol)")
            }
        }
    }

    @Test func `what was tampered with is refused, told of once, and kept`() async throws {
        try await AwayDesk.run { desk in
            let id = try await leave(3, in: desk)
            let name = "away/\(id).journal"
            var bytes = try desk.folder.bytes(of: name)
            bytes[bytes.count / 2] ^= 1
            try desk.folder.write(bytes: bytes, to: name)
            try await desk.look()
            #expect(try await counts(desk) == [0, 0, 0, 0, 0, 0])
            #expect(desk.away.journals(.refused) == [id])
            try DurableFile.move(desk.folder.file("away/\(id).refused"), to: desk.folder.file(name))
            try await desk.comeBack()
            let told = try await desk.desk.events().filter { $0.type == "away.journal.refused" }
            #expect(told.count == 1)
            #expect(told.first?.data["journal"]?.asString == id.description)
            #expect(told.first?.data["line"]?.asInt ?? 0 > 1)
            #expect(desk.away.journals(.refused) == [id])
        }
    }

    @Test func `a node that died before its first line was whole leaves nothing to merge`() async throws {
        try await AwayDesk.run { desk in
            let id = AwayJournalID(UUID(high: 7, low: 2))
            try desk.away.create(id).append(Array("0123".utf8))
            try await desk.look()
            #expect(try await counts(desk) == [0, 0, 0, 0, 0, 0])
            #expect(desk.away.journals(.merged) == [id])
        }
    }

    @Test func `a counter that moved meanwhile is not set back`() {
        let charge = { (window: Int64, amount: Int64) in
            AwayTally.Charge(
                counter: CounterKey(owner: "desk", clause: 33), window: Timestamp(seconds: window),
                amount: amount)
        }
        let uses = [charge(60, 5), charge(120, 7), charge(60, 9), charge(120, .max)].map { charge in
            let use = Self.use(1)
            return AwayUse(
                id: use.id, at: use.at, actor: use.actor, requestID: "", subject: use.subject,
                operation: "cancel", symbol: nil, data: use.data, detail: use.detail, request: nil,
                nonce: nil, charges: [charge])
        }
        let rows = AwayStore.rows(uses)
        let row = LimitCounters.Row(windowStart: Timestamp(seconds: 120), used: .max)
        #expect(rows == [CounterKey(owner: "desk", clause: 33): row])
        // Of what did not happen nothing is left.
        let rest = AwayStore.rows(Array(uses.prefix(2)), givenBack: [charge(120, 7), charge(60, 5)])
        let none = LimitCounters.Row(windowStart: Timestamp(seconds: 120), used: 0)
        #expect(rest == [CounterKey(owner: "desk", clause: 33): none])
    }
}
