import Exchanges
import HTTPClient

/// Stand-in hosts of exchanges: `KEYBELL_STANDIN_BINANCE_TESTNET_SPOT=http://127.0.0.1:9001`.
extension SettingsReader {
    mutating func standIns(_ prefix: String) -> [String: String] {
        var found: [String: String] = [:]
        if text(prefix) != nil { fail(prefix, "needs _EXCHANGE_ENVIRONMENT_ALIAS behind it") }
        for (name, text) in values(under: prefix + "_") {
            let place = String(name.dropFirst(prefix.count + 1))
            guard Self.places.contains(place) else {
                fail(name, "names no host of an exchange outside of live")
                continue
            }
            let base = text.hasPrefix("http://") || text.hasPrefix("https://") ? text : nil
            guard let base, !base.dropFirst(8).contains("/"), base.utf8.count > 8 else {
                fail(name, "must be http:// or https://, a host and a port")
                continue
            }
            found[place] = base
        }
        return found
    }

    private static let places: Set<String> = Set(
        Exchange.all.flatMap { exchange in
            // A demonstration may be a stand-in's alone.
            Set(exchange.environments + [.demo]).subtracting([.live]).flatMap { environment in
                exchange.aliases.map { Settings.place(exchange.name, environment, $0) }
            }
        })
}

/// Where candles of live are pulled from in place of an exchange's own hosts:
/// `KEYBELL_KLINES_BINANCE=https://mirror.example`.
extension SettingsReader {
    mutating func klines(_ prefix: String, _ allowance: Allowance) -> [String: String] {
        var found: [String: String] = [:]
        if text(prefix) != nil { fail(prefix, "needs _EXCHANGE behind it") }
        let exchanges = Set(
            Exchange.all.filter { $0.name.klines != nil }.map { $0.name.rawValue.uppercased() })
        for (name, text) in values(under: prefix + "_") {
            let exchange = String(name.dropFirst(prefix.count + 1))
            guard exchanges.contains(exchange) else {
                fail(name, "names no exchange that candles are pulled from")
                continue
            }
            guard let url = url(name, allowance) else { continue }
            let base = text.hasSuffix("/") ? String(text.dropLast()) : text
            guard url.target == "/", !base.dropFirst(8).contains("/") else {
                fail(name, "must be a host alone, with or without a port, and no path")
                continue
            }
            found[exchange] = base
        }
        return found
    }
}

extension Settings {
    /// Nil: the exchange's own hosts, or a stand-in's.
    func klines(_ exchange: ExchangeName, _ environment: Environment) -> String? {
        environment == .live ? klines[exchange.rawValue.uppercased()] : nil
    }

    static func place(_ exchange: ExchangeName, _ environment: Environment, _ alias: String) -> String {
        "\(exchange.rawValue)_\(environment.rawValue)_\(alias)".uppercased()
    }

    func standIn(_ exchange: ExchangeName, _ environment: Environment, _ alias: String) -> String? {
        standIns[Self.place(exchange, environment, alias)]
    }

    func isStandIn(_ url: String) -> Bool {
        standIns.values.contains { url.hasPrefix($0 + "/") }
    }
}
