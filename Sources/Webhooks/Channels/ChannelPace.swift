import Channels
import Crypto
import Kernel
import Postgres

/// Token buckets that all workers of all nodes share: rows, each locked for one turn. They are filled by the
/// earlier of two clocks, as `AgreedTime`, so that a node's that steps forward holds nobody else up.
enum ChannelPace {
    private static let make = Statement(
        "channel_pace_make",
        """
        insert into channel_pace (bucket, full_at)
        select b, least($2, clock_timestamp()) from unnest($1::bytea[]) as b
        order by b on conflict do nothing
        """)
    private static let read = Statement(
        "channel_pace_read",
        """
        select bucket, full_at, least($2::timestamptz, clock_timestamp()) from channel_pace
        where bucket = any ($1::bytea[])
        order by bucket for no key update
        """)
    private static let write = Statement(
        "channel_pace_write",
        """
        update channel_pace p
        set full_at = w.full_at - ($3::timestamptz - least($3::timestamptz, clock_timestamp()))
        from unnest($1::bytea[], $2::timestamptz[]) as w (bucket, full_at) where p.bucket = w.bucket
        """)
    private static let forget = Statement(
        "channel_pace_forget",
        "delete from channel_pace where full_at < least($1::timestamptz, clock_timestamp())")

    /// Takes a token of each, or none. Returns when to ask again; nil: they were taken.
    nonisolated(nonsending) static func take(
        _ paces: [RateLimit], at now: Timestamp, in database: Database
    ) async throws -> Timestamp? {
        if paces.isEmpty { return nil }
        let buckets = paces.map { Self.bucket($0) }
        return try await database.transaction { transaction in
            let made = transaction.send(make, .byteaArray(buckets), .timestamp(now))
            let read = transaction.send(read, .byteaArray(buckets), .timestamp(now))
            try await made.rows()
            let rows = try await read.rows()
            let full = Dictionary(
                rows.map { ($0.bytes(0), $0.timestamp(1)) }, uniquingKeysWith: { $1 })
            // Everything is said in this node's own terms.
            let ahead = rows.first.map { now - $0.timestamp(2) } ?? Period(microseconds: 0)
            var (left, wait) = ([Timestamp](), Timestamp?.none)
            for (pace, bucket) in zip(paces, buckets) {
                switch pace.bucket.take(full[bucket].map { $0 + ahead }, at: now) {
                case .taken(let fullAt): left.append(fullAt)
                case .wait(let until): wait = max(wait ?? until, until)
                }
            }
            if let wait { return wait }
            _ = try await transaction.query(
                write, .byteaArray(buckets), .timestampArray(left), .timestamp(now))
            return nil
        }
    }

    /// The maker asks to be left alone until then.
    nonisolated(nonsending) static func hold(
        _ paces: [RateLimit], until time: Timestamp, at now: Timestamp, in database: Database
    ) async throws {
        let own = paces.filter(\.isOwn)
        if own.isEmpty { return }
        try await database.transaction { transaction in
            _ = try await transaction.query(
                write, .byteaArray(own.map { bucket($0) }),
                .timestampArray(own.map { $0.bucket.closed(until: time) }), .timestamp(now))
        }
    }

    /// Buckets that are full again are like new ones.
    nonisolated(nonsending) static func forget(before time: Timestamp, in database: Database) async throws {
        try await database.transaction { transaction in
            _ = try await transaction.query(forget, .timestamp(time))
        }
    }

    private static func bucket(_ pace: RateLimit) -> [UInt8] { SHA256.hash(Array(pace.name.utf8)) }
}
