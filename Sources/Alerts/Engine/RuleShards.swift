import Access
import Events
import Kernel
import Postgres

/// The shards that groups are divided into, and which of them this node holds. A lease says who reads;
/// the number of its taking, asked again in the transaction that writes, makes sure that nobody writes
/// for another.
final class RuleShards {
    static let count = 16
    /// How long a node that dies keeps its shards from the others.
    static let leaseLength: Period = .seconds(15)
    private static let renewEvery: Period = .seconds(5)

    /// As `node` tells it: each takes its share.
    private static let take = Statement(
        "rule_shard_take",
        """
        with free as (
            select shard from rule_shard
            where node = $1 or lease_until is null or lease_until <= clock_timestamp()
            order by node = $1 desc nulls last, shard limit $2 for no key update skip locked
        )
        update rule_shard s set node = $1, lease_until = clock_timestamp() + $3::bigint *
            interval '1 microsecond',
            serial = s.serial + case when s.node = $1 and s.lease_until > clock_timestamp() then 0 else 1 end
        from free where s.shard = free.shard
        returning s.shard, s.serial, s.era, s.xid::text, s.event
        """)
    private static let release = Statement(
        "rule_shard_release",
        """
        update rule_shard set lease_until = null, node = null
        where node = $1 and shard <> all ($2::smallint[])
        """
    )
    private static let lock = Statement(
        "rule_shard_lock",
        """
        select shard, serial from rule_shard where shard = any ($1::smallint[]) order by shard
        for no key update
        """
    )
    private static let move = Statement(
        "rule_shard_move",
        """
        update rule_shard s set era = m.era, xid = m.xid::xid8, event = m.event
        from unnest($1::smallint[], $2::integer[], $3::text[], $4::uuid[]) as m (shard, era, xid, event)
        where s.shard = m.shard
        """)

    struct Held {
        let serial: Int64
        /// Read up to here.
        var place: EventPosition
    }

    private let database: Database
    private let node: UUID
    private let clock: Clock
    /// How many nodes share the work.
    private let nodes: () -> Int
    private(set) var held: [Int16: Held] = [:]
    private var askedAt: UInt64?

    init(database: Database, node: UUID, clock: Clock, nodes: @escaping () -> Int) {
        (self.database, self.node, self.clock, self.nodes) = (database, node, clock, nodes)
    }

    /// Renews and takes what is due to this node. Answers the shards that are held anew, whose states are
    /// not known.
    nonisolated(nonsending) func hold() async throws -> (gained: Set<Int16>, lost: Set<Int16>) {
        let asked = clock.monotonicNanoseconds()
        if let askedAt, asked &- askedAt < UInt64(Self.renewEvery.nanoseconds), !held.isEmpty {
            return ([], [])
        }
        let before = held
        let share = (Self.count + max(1, nodes()) - 1) / max(1, nodes())
        let rows = try await database.transaction { transaction in
            let rows = try await transaction.query(
                Self.take, .uuid(node), .int(share), .int64(Self.leaseLength.microseconds))
            _ = try await transaction.query(
                Self.release, .uuid(node), .int16Array(rows.map { Int16($0.int(0)) }))
            return rows
        }
        held = [:]
        for row in rows {
            let shard = Int16(row.int(0))
            let place = EventPosition(
                era: Int32(row.int(2)), transaction: UInt64(row.text(3)) ?? 0, id: row.id(4))
            let same = before[shard].flatMap { $0.serial == row.int64(1) ? $0 : nil }
            held[shard] = same ?? Held(serial: row.int64(1), place: place)
        }
        askedAt = asked
        let gained = held.filter { before[$0.key]?.serial != $0.value.serial }.map(\.key)
        return (Set(gained), Set(before.keys).subtracting(held.keys))
    }

    /// Where the next page begins: behind what the slowest shard has read.
    var place: EventPosition? { held.values.map(\.place).min() }

    /// A shard that was idle does not begin before there was any rule.
    func begin(notBefore position: EventPosition) {
        for shard in held.keys where held[shard].map({ $0.place < position }) ?? false {
            held[shard]?.place = position
        }
    }

    func note(_ place: EventPosition) {
        for shard in held.keys where held[shard].map({ $0.place < place }) ?? false {
            held[shard]?.place = place
        }
    }

    /// What was read is written as such. Throws when a shard is another's by now.
    nonisolated(nonsending) func fence(in transaction: Transaction) async throws {
        let shards = held.keys.sorted()
        let rows = try await transaction.query(Self.lock, .int16Array(shards))
        let isOurs =
            rows.count == shards.count
            && rows.allSatisfy { row in
                held[Int16(row.int(0))]?.serial == row.int64(1)
            }
        guard isOurs else { throw ShardLost() }
    }

    nonisolated(nonsending) func write(_ place: EventPosition, in transaction: Transaction) async throws {
        let moved = held.map { (shard: $0.key, place: max($0.value.place, place)) }
        _ = try await transaction.query(
            Self.move, .int16Array(moved.map(\.shard)), .int32Array(moved.map(\.place.era)),
            .textArray(moved.map { String($0.place.transaction) }), .idArray(moved.map(\.place.id)))
    }

    /// Nothing is known any more: asks anew.
    func forget() { (held, askedAt) = ([:], nil) }

    /// Others need not wait for the lease to lapse.
    nonisolated(nonsending) func letGo() async {
        forget()
        _ = try? await database.transaction { transaction in
            try await transaction.query(Self.release, .uuid(node), .int16Array([]))
        }
    }
}

/// Another node holds the shard: what was worked out is thrown away.
struct ShardLost: Error {}
