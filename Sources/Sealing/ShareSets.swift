import Crypto
import Kernel
import Postgres

/// The sets of shares that there were, as rows. The shares themselves are nowhere here.
enum ShareSets {
    enum State: String { case proving, active, retired }

    private static let find = Statement(
        "share_set_find",
        "select state, id, threshold, shares, root_fingerprint, hashes from share_set where id = $1")
    private static let ofState = Statement(
        "share_set_of_state",
        "select state, id, threshold, shares, root_fingerprint, hashes from share_set where state = $1")
    private static let insert = Statement(
        "share_set_insert",
        """
        insert into share_set
            (id, state, threshold, shares, root_fingerprint, hashes, created_at, created_by)
        values ($1, 'proving', $2::smallint, $3::smallint, $4, $5, $6, $7)
        """)
    private static let retire = Statement(
        "share_set_retire",
        "update share_set set state = 'retired', retired_at = $2 where state = $1")
    private static let activate = Statement(
        "share_set_activate",
        "update share_set set state = 'active', proven_at = $2 where id = $1 and state = 'proving'")

    static nonisolated(nonsending) func find(
        _ id: ShareSetID, in source: any Queryable
    ) async throws(PostgresError) -> (state: State, set: ShareSet)? {
        try await source.query(find, .bytes(id.bytes)).first.flatMap(read)
    }

    static nonisolated(nonsending) func find(
        _ state: State, in source: any Queryable
    ) async throws(PostgresError) -> ShareSet? {
        try await source.query(ofState, .text(state.rawValue)).first.flatMap(read)?.set
    }

    static nonisolated(nonsending) func insert(
        _ set: ShareSet, at now: Timestamp, by principal: String, in transaction: Transaction
    ) async throws(PostgresError) {
        _ = try await transaction.query(
            insert, .bytes(set.id.bytes), .int(set.quorum.threshold), .int(set.quorum.count),
            .text(set.rootFingerprint), .byteaArray(set.hashes), .timestamp(now), .text(principal))
    }

    static nonisolated(nonsending) func retire(
        _ state: State, at now: Timestamp, in transaction: Transaction
    ) async throws(PostgresError) {
        _ = try await transaction.query(retire, .text(state.rawValue), .timestamp(now))
    }

    /// False: it is not being proven any more.
    static nonisolated(nonsending) func activate(
        _ id: ShareSetID, at now: Timestamp, in transaction: Transaction
    ) async throws(PostgresError) -> Bool {
        try await transaction.query(activate, .bytes(id.bytes), .timestamp(now)).affected == 1
    }

    private static func read(_ row: Row) -> (state: State, set: ShareSet)? {
        guard let state = State(rawValue: row.text(0)), let id = ShareSetID(bytes: row.bytes(1)),
            let quorum = Quorum(threshold: row.int(2), count: row.int(3)),
            let set = ShareSet(
                id: id, quorum: quorum, rootFingerprint: row.text(4), hashes: row.byteaArray(5))
        else { return nil }
        return (state, set)
    }
}
