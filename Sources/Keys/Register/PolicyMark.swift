package import Access
package import Events
package import Postgres

/// Which policy of a key counts: its version, and what its document digests to. Under the key's tag, so that
/// whoever writes to the database cannot put another document in its place.
package struct PolicyMark: Equatable, Sendable {
    package let version: Int
    package let digest: [UInt8]

    package init(version: Int, digest: [UInt8]) { (self.version, self.digest) = (version, digest) }
}

extension PolicyMark {
    /// Nil: none was ever published. A version without its digest was not written by us, and fits no tag.
    init?(_ row: KeyRow) {
        let version = row.optionalInt(KeyColumns.policyVersion) ?? 0
        guard version > 0 else { return nil }
        self.init(version: version, digest: row.optionalBytes(KeyColumns.policyDigest) ?? [])
    }
}

extension KeyBook {
    private static let write = Statement(
        "key_policy_mark",
        "update exchange_key set policy_version = $2::integer, policy_digest = $3 where id = $1")

    /// Marks which policy counts, of a key that nobody else can change before the commit.
    /// - Parameter decide: gets the key as it is.
    package nonisolated(nonsending) func mark(
        _ id: ExchangeKeyID, in change: Change,
        _ decide: nonisolated(nonsending) (ExchangeKey) async throws -> PolicyMark
    ) async throws {
        var key = try await usable(id, change)
        let mark = try await decide(key)
        key.obey(mark, at: change.context.now)
        _ = try await change.transaction.query(
            Self.write, .id(id), .int(mark.version), .bytes(mark.digest))
        _ = try await update(key, change)
        change.touch(.key(id))
    }

    /// The key as somebody sees it who only reads: checked against its tag.
    package nonisolated(nonsending) func seen(
        _ id: ExchangeKeyID, in source: any Queryable
    ) async throws -> ExchangeKey? {
        try await KeyStore.find(id, in: source).map { try checked($0) }
    }
}
