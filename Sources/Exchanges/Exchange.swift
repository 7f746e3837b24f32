package import JSON
import Kernel

/// The exchanges that keys may be registered for.
package enum ExchangeName: String, CaseIterable, Sendable {
    case binance, bybit, okx, kraken, coinbase, kucoin, gate, bitget, mexc

    package func hash(into hasher: inout Hasher) { hasher.combine(case: self) }
}

/// Where a key works.
package enum Environment: String, CaseIterable, Sendable {
    case live, testnet, demo

    package func hash(into hasher: inout Hasher) { hasher.combine(case: self) }
}

/// What a key may do at its exchange, in one vocabulary for all of them.
package enum KeyPermission: String, CaseIterable, Sendable {
    case read
    case tradeSpot = "trade_spot"
    case tradeMargin = "trade_margin"
    case tradeDerivatives = "trade_derivatives"
    case transfer, withdraw
}

/// What is known of an exchange.
package final class Exchange: Sendable {
    package enum CredentialKind: String, CaseIterable, Sendable { case hmac, ed25519, rsa, p256 }
    /// Parts of a request that a signature may leave open. `transport`: the same text is signed for calls by
    /// WebSocket.
    package enum RequestPart: String, Sendable { case transport, host, path, method, query, body }
    package enum Offer: String, Sendable { case metadata, sign, proxy, probe, delete }

    package let name: ExchangeName
    package let title: String
    /// Names of its hosts.
    package let aliases: [String]
    package let environments: [Environment]
    package let credentialKinds: [CredentialKind]
    package let hasPassphrase: Bool
    /// What a signature there does not cover: whoever holds one can use it for another such part.
    package let notCovered: [RequestPart]
    /// What can be done here now.
    package let offers: [Offer]
    /// What an adapter could have and this one has not, for people.
    package let notOffered: [String]

    init(
        _ name: ExchangeName, _ title: String, aliases: [String], environments: [Environment],
        credentials: [CredentialKind] = [.hmac], passphrase: Bool = false,
        notCovered: [RequestPart] = [.host], deletesKeys: Bool = false,
        notOffered: [String] = ["orders by WebSocket"]
    ) {
        (self.name, self.title, self.aliases, self.environments) = (name, title, aliases, environments)
        (credentialKinds, hasPassphrase) = (credentials, passphrase)
        (self.notCovered, self.notOffered) = (notCovered, notOffered)
        offers = [.metadata, .sign, .proxy, .probe] + (deletesKeys ? [.delete] : [])
    }
}

extension Exchange {
    /// From the exchanges' public documentation.
    package static let all: [Exchange] = [
        Exchange(
            .binance, "Binance", aliases: ["spot", "usdm", "coinm", "options"],
            environments: [.live, .testnet, .demo], credentials: [.hmac, .ed25519, .rsa],
            notCovered: [.transport, .host, .path, .method],
            notOffered: ["orders by WebSocket", "FIX", "portfolio margin's own host"]),
        Exchange(
            .bybit, "Bybit", aliases: ["main"], environments: [.live, .testnet, .demo],
            credentials: [.hmac, .rsa], notCovered: [.host, .path, .method],
            deletesKeys: true),
        Exchange(
            .okx, "OKX", aliases: ["main"], environments: [.live, .demo], passphrase: true),
        Exchange(
            .kraken, "Kraken", aliases: ["spot"], environments: [.live],
            notOffered: ["orders by WebSocket", "FIX", "Kraken Futures"]),
        Exchange(
            .coinbase, "Coinbase Advanced", aliases: ["main"], environments: [.live], credentials: [.p256],
            notCovered: [.query, .body],
            notOffered: [
                "orders by WebSocket", "FIX", "Ed25519 keys, which brokerage refuses",
                "signatures for orders",
            ]),
        Exchange(
            .kucoin, "KuCoin", aliases: ["spot", "futures"], environments: [.live], passphrase: true),
        Exchange(.gate, "Gate", aliases: ["main"], environments: [.live, .testnet]),
        Exchange(.bitget, "Bitget", aliases: ["main"], environments: [.live, .demo], passphrase: true),
        Exchange(
            .mexc, "MEXC", aliases: ["spot", "futures"], environments: [.live],
            notCovered: [.host, .path, .method]),
    ]
}

extension Exchange {
    package static func of(_ name: ExchangeName) -> Exchange {
        guard let exchange = all.first(where: { $0.name == name }) else {
            preconditionFailure("every exchange is described")
        }
        return exchange
    }
}

extension Exchange: JSONWritable {
    package func write(to w: inout JSONWriter) { write(to: &w, state: ExchangeState()) }

    /// - Parameters:
    ///   - state: as this node sees it.
    ///   - listsRoutes: every line of the table by which requests are understood.
    package func write(to w: inout JSONWriter, state: ExchangeState, listsRoutes: Bool = false) {
        w.object { w in
            w.field("name", name.rawValue)
            w.field("title", title)
            w.field("aliases", aliases)
            w.field("environments", environments.map(\.rawValue))
            w.field("credential_kinds", credentialKinds.map(\.rawValue))
            w.field("passphrase", hasPassphrase)
            w.field("not_covered", notCovered.map(\.rawValue))
            // A signed request holds it: only for keys that are registered so.
            w.field("sign_needs", hasPassphrase ? "passphrase_disclosable" : nil)
            w.field("offers", offers.map(\.rawValue))
            w.field("not_offered", notOffered)
            w.array("hosts", hosts) { $0.value($1) }
            w.array("recipes", name.adapter.recipes) { $0.value($1) }
            w.array("tickers", name.adapter.tickers) { $0.value($1) }
            w.field("public_paths", name.publicPaths)
            w.field("sells_holdings", name.holdingsRequest != nil)
            w.field("refusal_codes", RefusalCodes.of(name).entries)
            writeAdapter(to: &w, listsRoutes: listsRoutes)
            state.write(to: &w)
        }
    }

    private var hosts: [ExchangePlace] {
        environments.flatMap { environment in
            aliases.compactMap { alias in
                name.adapter.host(alias, in: environment).map { ExchangePlace(alias, environment, $0) }
            }
        }
    }
}

/// One host in one environment, for people.
private struct ExchangePlace: JSONWritable {
    private let alias: String
    private let environment: Environment
    private let host: ExchangeHost

    init(_ alias: String, _ environment: Environment, _ host: ExchangeHost) {
        (self.alias, self.environment, self.host) = (alias, environment, host)
    }

    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("alias", alias)
            w.field("environment", environment.rawValue)
            w.field("base_url", host.base)
            w.field("marked_by", host.headers.first.map { "\($0.name): \($0.value)" })
        }
    }
}
