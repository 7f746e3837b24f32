extension ExchangeName {
    /// Whether its refusals can prove that a key is gone.
    package var tellsOfNoKey: Bool { !adapter.codesOfNoKey.isEmpty }

    /// Where a person deletes a key, in the words of the exchange's own website.
    package var pageOfKeys: String {
        switch self {
        case .binance: "API Management"
        case .bybit: "Account & Security, API"
        case .okx: "Profile, API"
        case .kraken: "Settings, Connections & API"
        case .coinbase: "Coinbase Developer Platform, API keys"
        case .kucoin, .gate, .bitget, .mexc: "API Management"
        }
    }
}
