package import JSON
package import Kernel
package import Postgres

/// The end of a lane that a batch holds until its commit: its entry is chained here, by the service itself,
/// because one entry is for many requests.
package struct LaneHead: Sendable {
    /// The database's clock, read under the lock.
    package let clock: Timestamp
    private let lane: Int
    private let sequence: Int64
    private let hash: Digest
    private let checkpoint: Digest?

    /// Locks the lane of the session.
    package static let lock = Statement(
        "audit_lane_lock",
        """
        select l.lane, l.sequence, l.hash, l.checkpoint, clock_timestamp()
        from (select audit_lane_of_session() as lane offset 0) as own
            join audit_lane l on l.lane = own.lane
        for no key update of l
        """)
    private static let append = Statement(
        "audit_lane_append",
        """
        with entry as (
            insert into audit_record (lane, sequence, at, previous, checkpoint, hash, body)
            values ($1, $2, $3, $4, $5, $6, $7))
        update audit_lane set sequence = $2, hash = $6, checkpoint = null where lane = $1
        """)

    package init?(_ rows: Rows) {
        guard let row = rows.first, let hash = Digest(row.bytes(2)) else { return nil }
        (lane, sequence, self.hash) = (row.int(0), row.int64(1), hash)
        checkpoint = row.optionalBytes(3).flatMap { Digest($0) }
        clock = row.timestamp(4)
    }

    /// The place of the next entry.
    package var place: (lane: Int, sequence: Int64) { (lane, sequence + 1) }

    /// Chains one entry for all of `items`, which is stored with the commit.
    /// - Parameter items: each writes itself as an `AuditItem` does.
    package func append(
        _ items: [some JSONWritable], at now: Timestamp, in transaction: Transaction
    ) -> Query {
        let body = AuditTrail.body(of: items, at: now)
        let entry = ChainEntry(
            lane: lane, sequence: sequence + 1, at: now, previous: hash, checkpoint: checkpoint, hash: .zero,
            body: body)
        return transaction.send(
            Self.append,
            [
                .int16(Int16(lane)), .int64(sequence + 1), .timestamp(now), .bytes(hash.bytes),
                .bytes(checkpoint?.bytes), .bytes(entry.computedHash.bytes), .bytes(body),
            ])
    }
}
