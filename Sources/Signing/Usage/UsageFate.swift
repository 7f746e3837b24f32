package import Access
package import Postgres

/// What became of a use, for whoever asks for it again.
package enum UsageFate {
    private static let read = Statement(
        "usage_fate", "select outcome from usage_event where id = $1 limit 1")

    /// As `outcome` of a usage event; nil when there is no such use any more.
    package nonisolated(nonsending) static func read(
        _ id: UsageID, in source: any Queryable
    ) async throws -> String? {
        try await source.query(read, .id(id)).first?.text(0)
    }
}
