import Access
import JSON
import Kernel
import Postgres
import Signals

/// Tokens that a body names, by id or ticker, found in one statement.
enum TokenNames {
    private static let find = Statement(
        "market_tokens_named",
        """
        select r.place::int4, t.token_id, t.symbol
        from unnest($1::text[], $2::uuid[]) with ordinality as r (symbol, id, place)
        cross join lateral (
            select k.token_id, k.symbol from ticker k
            where k.token_id = r.id or (r.id is null and k.symbol = r.symbol)
            order by k.valid_to desc nulls first limit 1
        ) t
        """)

    /// In their order, each once. Throws which of them there is not.
    nonisolated(nonsending) static func find(
        _ references: [SeriesFinder.TokenReference], at pointer: String, in source: any Queryable
    ) async throws -> [Watchlist.Entry] {
        let found = try await places(of: references, in: source)
        let missing = references.indices.filter { found[$0] == nil }
        guard missing.isEmpty else {
            var mistakes = FieldErrors()
            for index in missing {
                mistakes.append(
                    FieldError(pointer: "\(pointer)/\(index)", code: "unknown", message: "is no known token"))
            }
            throw mistakes
        }
        var seen: Set<TokenID> = []
        return references.indices.compactMap { found[$0] }.filter { seen.insert($0.token).inserted }
    }

    /// By their places; without those that there are not.
    nonisolated(nonsending) static func places(
        of references: [SeriesFinder.TokenReference], in source: any Queryable
    ) async throws -> [Int: Watchlist.Entry] {
        guard !references.isEmpty else { return [:] }
        var symbols: [String?] = []
        var ids: [UUID?] = []
        for reference in references {
            switch reference {
            case .id(let id):
                symbols.append(nil)
                ids.append(id.uuid)
            case .symbol(let symbol):
                symbols.append(symbol)
                ids.append(nil)
            }
        }
        var found: [Int: Watchlist.Entry] = [:]
        for row in try await source.query(find, .optionalTextArray(symbols), .optionalUUIDArray(ids)) {
            found[row.int(0) - 1] = Watchlist.Entry(token: row.id(1), symbol: row.text(2))
        }
        return found
    }
}
