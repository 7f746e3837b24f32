import Access
import HTTPServer
import Identity
import Kernel
import Keys
import Postgres

/// What a node may act by once it is cut off: the keys that are switched on, with their policies and opened
/// secrets, and who may use them, all of one epoch.
struct AwaySnapshot: Sendable {
    let epoch: Int64
    let keys: [ExchangeKeyID: KeySnapshot]
    /// Of everything that is switched on, usable or not.
    let revisions: [ExchangeKeyID: Int64]
    let callers: HeldStandings
    /// As they stood when the database last answered.
    var counters: [CounterKey: LimitCounters.Row]
    var databaseAhead: Period

    /// Whose counters the keys charge.
    var counterOwners: [String] { Array(Set(keys.values.flatMap(\.counterOwners))).sorted() }
}

/// Reads snapshots, and asks whether the last one still holds. Plain state of the lead worker.
final class AwayReader {
    /// Opened secrets stand in locked memory, of which there is little.
    static let keysAtMost = 200
    /// Who may call is read anew after that, whatever changed: a fresh access token touches nobody.
    private static let callersLast: Period = .minutes(1)
    /// Times that a change of authority may come in between.
    private static let attempts = 3

    /// What the database says at one moment.
    struct Heard {
        let epoch: Int64
        /// Nothing is used until an owner has confirmed the restore.
        let isRestored: Bool
        let clock: Timestamp
        /// So are the sessions that are opened now, or at least the one that was asked.
        let isReadOnly: Bool
        let revisions: [ExchangeKeyID: Int64]
        let counters: [CounterKey: LimitCounters.Row]
    }

    private static let authority = Statement(
        "away_authority",
        """
        select epoch, restored_at, clock_timestamp(), current_setting('transaction_read_only')::boolean
        from authority
        """)
    private static let switchedOn = Statement(
        "away_keys",
        """
        select id, revision from exchange_key
        where away_mode and not decoy and status in ('active', 'reduce_only') order by id limit $1
        """)

    private let database: Database
    private let snapshots: KeySnapshots
    private let book: KeyBook
    private let clock: Clock
    private var callers: (standings: HeldStandings, epoch: Int64, at: Timestamp)?

    /// - Parameter database: of its own, so that its questions wait behind nobody.
    init(_ database: Database, book: KeyBook, clock: Clock) {
        (self.database, self.book, self.clock) = (database, book, clock)
        snapshots = KeySnapshots(book: book)
    }

    func forget() {
        snapshots.forgetAll()
        callers = nil
    }

    /// One round trip.
    nonisolated(nonsending) func ask(_ owners: [String]) async throws -> Heard {
        let authority = database.send(Self.authority, [])
        let keys = database.send(Self.switchedOn, [.int(Self.keysAtMost)])
        let counters = database.send(LimitCounters.read, [.textArray(owners)])
        guard let row = try await authority.rows().first else { throw PostgresError.unavailable }
        let time = row.timestamp(2)
        let revisions = try await keys.rows().map { (ExchangeKeyID($0.uuid(0)), $0.int64(1)) }
        return Heard(
            epoch: row.int64(0), isRestored: row.optionalTimestamp(1) != nil, clock: time,
            isReadOnly: row.bool(3), revisions: Dictionary(uniqueKeysWithValues: revisions),
            counters: LimitCounters(try await counters.rows(), at: time).rows)
    }

    /// Reads everything anew; nil when authority changes faster than it can be read.
    nonisolated(nonsending) func load() async throws -> AwaySnapshot? {
        var heard = try await ask([])
        for _ in 0..<Self.attempts {
            let snapshot = try await load(heard)
            let now = clock.now()
            let after = try await ask(snapshot.counterOwners)
            if after.epoch == heard.epoch, after.revisions == heard.revisions {
                var whole = snapshot
                (whole.counters, whole.databaseAhead) = (after.counters, after.clock - now)
                return whole
            }
            heard = after
        }
        return nil
    }

    private nonisolated(nonsending) func load(_ heard: Heard) async throws -> AwaySnapshot {
        let ids = heard.revisions.keys.sorted()
        if snapshots.goBack(to: heard.epoch) { callers = nil }
        try await snapshots.follow(to: heard.epoch, in: database)
        let stale = ids.filter { snapshots.current($0)?.key.revision != heard.revisions[$0] }
        let unusable = stale.isEmpty ? [] : try await snapshots.load(stale, at: heard.epoch, in: database)
        for key in unusable {
            try await book.tell(key, .installation(now: clock.now(), requestID: "away"))
        }
        let held = ids.compactMap { id in snapshots.current(id).map { (id, $0) } }
        return AwaySnapshot(
            epoch: heard.epoch, keys: Dictionary(uniqueKeysWithValues: held), revisions: heard.revisions,
            callers: try await callers(at: heard.epoch), counters: [:], databaseAhead: .seconds(0))
    }

    /// Up to 10,000 access tokens, which most changes of authority are not about.
    private nonisolated(nonsending) func callers(at epoch: Int64) async throws -> HeldStandings {
        let now = clock.now()
        if let callers, now - callers.at < Self.callersLast, epoch >= callers.epoch,
            snapshots.leaveCallers(since: callers.epoch)
        {
            return callers.standings
        }
        let standings = try await HeldStandings.read(.keysProxy, now: now, in: database)
        callers = (standings, epoch, now)
        return standings
    }
}
