import Access
import Kernel
import Postgres
import Signals

/// The tokens that rows of an upload name; nil where there is none.
enum SuppliedTokens {
    static let unknown = SuppliedUpload.Verdict.refused(
        code: "unknown_token", message: "/token is no known token")

    nonisolated(nonsending) static func find(
        _ references: [SeriesFinder.TokenReference], in source: any Queryable
    ) async throws -> [Watchlist.Entry?] {
        let found = try await TokenNames.places(of: references, in: source)
        return references.indices.map { found[$0] }
    }

    /// What comes of rows before they are stored: those of no token are refused, and those that say the same
    /// thing of one token twice, however they name it.
    static func verdicts(
        _ rows: [SuppliedRow], _ tokens: [Watchlist.Entry?]
    ) -> [SuppliedUpload.Verdict] {
        var seen: Set<[String]> = []
        return zip(rows, tokens).map { row, entry in
            guard let entry else { return unknown }
            let time = row.expiresAt == nil ? "\(row.time.microseconds)" : ""
            return seen.insert([entry.token.description, row.name, row.source, time]).inserted
                ? .unchanged : .refused(code: "repeated", message: "/token stands twice under its names")
        }
    }
}
