/// What stock clients fetch without a key from the very address that private requests go to: the proxy passes
/// it on unsigned. Elsewhere public data has an address of its own, and never comes here.
extension ExchangeName {
    /// How paths begin that are passed on unsigned.
    package var publicPaths: [String] { Self.openPaths[self] ?? [] }

    /// How paths begin that are open to everybody, by each exchange's documents.
    private static let openPaths: [ExchangeName: [String]] = [
        .okx: ["/api/v5/public/", "/api/v5/market/"],
        .coinbase: [
            "/v2/currencies", "/v2/exchange-rates", "/v2/time", "/v2/prices/",
            "/api/v3/brokerage/market/", "/api/v3/brokerage/time",
        ],
        .bitget: [
            "/api/v2/public/", "/api/v2/spot/public/", "/api/v2/spot/market/", "/api/v2/mix/market/",
            "/api/v2/margin/currencies", "/api/v3/market/",
        ],
    ]

    package func isPublic(_ draft: RequestDraft) -> Bool {
        guard draft.method == .get, let paths = Self.openPaths[self] else { return false }
        return paths.contains { draft.path.hasPrefix($0) }
    }
}
