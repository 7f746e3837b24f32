/// What stock clients fetch without a key from the very address that private requests go to: the proxy passes it
/// on unsigned. Elsewhere public data has an address of its own, and never comes here.
extension ExchangeName {
    private static let publicPaths: [ExchangeName: Set<String>] = [
        .okx: ["/api/v5/public/instruments", "/api/v5/public/time"],
        .coinbase: [
            "/v2/currencies", "/v2/currencies/crypto", "/v2/exchange-rates", "/v2/time",
            "/api/v3/brokerage/market/products",
        ],
        .bitget: [
            "/api/v2/spot/public/coins", "/api/v2/spot/public/symbols", "/api/v2/margin/currencies",
            "/api/v2/mix/market/contracts", "/api/v2/public/time",
        ],
    ]

    package func isPublic(_ draft: RequestDraft) -> Bool {
        draft.method == .get && Self.publicPaths[self]?.contains(draft.path) == true
    }
}
