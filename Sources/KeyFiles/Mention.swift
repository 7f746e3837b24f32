import Exchanges

/// What words say of a credential: the exchange, the environment, the market, and whose it is.
struct Mention {
    enum Target: Equatable {
        case known(ExchangeName)
        /// An exchange, or a part of one with keys of its own, that Keybell does not know.
        case foreign
    }

    /// How people mark keys that trade no money. What an exchange calls it differs.
    enum Mark: String {
        case live, testnet, demo
    }

    private(set) var target: Target?
    /// The exchange's words as they stood.
    private(set) var targetText = ""
    private(set) var mark: Mark?
    private(set) var market: [String] = []
    /// What tells it from others of the exchange.
    private(set) var rest: [String] = []

    init(_ words: [String]) {
        var words = words
        if let hit = Self.exchanges.longest(in: words) {
            (target, targetText) = (hit.value, words[hit.range].joined(separator: " "))
            words = words.without(hit.range)
        }
        for word in words {
            if let mark = Self.marks[word] {
                self.mark = self.mark ?? mark
            } else if Self.markets.contains(word) {
                market.append(word)
            } else if !Self.fillers.contains(word) {
                rest.append(word)
            }
        }
    }
}

// MARK: - Words

extension Mention {
    private static let exchanges = Phrases([
        "binance": Target.known(.binance), "binanceusdm": .known(.binance), "binancecoinm": .known(.binance),
        "binance us": .foreign, "binanceus": .foreign, "binance tr": .foreign,
        "bybit": .known(.bybit), "bybiteu": .foreign,
        "okx": .known(.okx), "okex": .known(.okx), "okex5": .known(.okx), "myokx": .foreign,
        "okxus": .foreign,
        "kraken": .known(.kraken), "krakenfutures": .foreign, "kraken futures": .foreign,
        "kraken perpetual": .foreign,
        "coinbase": .known(.coinbase), "coinbaseadvanced": .known(.coinbase),
        "coinbase advanced": .known(.coinbase), "coinbase advanced trade": .known(.coinbase),
        "coinbase cdp": .known(.coinbase), "cdp": .known(.coinbase), "coinbasepro": .foreign,
        "coinbase pro": .foreign, "coinbaseexchange": .foreign, "coinbase exchange": .foreign,
        "coinbaseprime": .foreign, "coinbase prime": .foreign, "coinbaseinternational": .foreign,
        "coinbase international": .foreign,
        "kucoin": .known(.kucoin), "kucoinfutures": .known(.kucoin),
        "gate": .known(.gate), "gateio": .known(.gate), "gate io": .known(.gate), "gateeu": .foreign,
        "bitget": .known(.bitget),
        "mexc": .known(.mexc), "mexc3": .known(.mexc),
    ])
    private static let marks: [String: Mark] = [
        "live": .live, "prod": .live, "production": .live, "mainnet": .live, "real": .live,
        "testnet": .testnet, "test": .testnet, "sandbox": .testnet, "paper": .testnet,
        "demo": .demo, "simulated": .demo, "simulation": .demo,
    ]
    private static let markets: Set<String> = [
        "spot", "margin", "futures", "future", "perpetual", "perpetuals", "perp", "perps", "swap", "usdm",
        "coinm", "linear", "inverse", "options", "derivatives",
    ]
    /// They stand in most names and tell nothing.
    private static let fillers: Set<String> = [
        "api", "apis", "exchange", "exchanges", "account", "accounts", "credentials", "credential", "keys",
        "ccxt", "config", "cex", "my", "default", "trading", "trade", "use", "is", "env", "mode",
    ]
}

extension Mention.Mark {
    /// The environment at this exchange; nil when it has none of the kind. Money or none is what counts:
    /// what one exchange calls a testnet is another's demo.
    func environment(at exchange: Exchange) -> Environment? {
        let wanted: [Environment] =
            switch self {
            case .live: [.live]
            case .testnet: [.testnet, .demo]
            case .demo: [.demo, .testnet]
            }
        return wanted.first(where: exchange.environments.contains)
    }
}
