import Channels
import Crypto
import Kernel
import Postgres

/// Token buckets that all workers of all nodes share: rows, each locked for one turn.
enum ChannelPace {
    private static let make = Statement(
        "channel_pace_make",
        """
        insert into channel_pace (bucket, full_at) select b, $2 from unnest($1::bytea[]) as b
        order by b on conflict do nothing
        """)
    private static let read = Statement(
        "channel_pace_read",
        """
        select bucket, full_at from channel_pace where bucket = any ($1::bytea[])
        order by bucket for no key update
        """)
    private static let write = Statement(
        "channel_pace_write",
        """
        update channel_pace p set full_at = w.full_at
        from unnest($1::bytea[], $2::timestamptz[]) as w (bucket, full_at) where p.bucket = w.bucket
        """)
    private static let forget = Statement(
        "channel_pace_forget", "delete from channel_pace where full_at < $1")

    /// Takes a token of each, or none. Returns when to ask again; nil: they were taken.
    nonisolated(nonsending) static func take(
        _ paces: [RateLimit], at now: Timestamp, in database: Database
    ) async throws -> Timestamp? {
        if paces.isEmpty { return nil }
        let buckets = paces.map { Self.bucket($0) }
        return try await database.transaction { transaction in
            let made = transaction.send(make, .byteaArray(buckets), .timestamp(now))
            let read = transaction.send(read, .byteaArray(buckets))
            try await made.rows()
            let full = Dictionary(
                try await read.rows().map { ($0.bytes(0), $0.timestamp(1)) }, uniquingKeysWith: { $1 })
            var (left, wait) = ([Timestamp](), Timestamp?.none)
            for (pace, bucket) in zip(paces, buckets) {
                switch pace.bucket.take(full[bucket], at: now) {
                case .taken(let fullAt): left.append(fullAt)
                case .wait(let until): wait = max(wait ?? until, until)
                }
            }
            if let wait { return wait }
            _ = try await transaction.query(write, .byteaArray(buckets), .timestampArray(left))
            return nil
        }
    }

    /// The maker asks to be left alone until then.
    nonisolated(nonsending) static func hold(
        _ paces: [RateLimit], until time: Timestamp, in database: Database
    ) async throws {
        let own = paces.filter(\.isOwn)
        if own.isEmpty { return }
        try await database.transaction { transaction in
            _ = try await transaction.query(
                write, .byteaArray(own.map { bucket($0) }),
                .timestampArray(own.map { $0.bucket.closed(until: time) }))
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
