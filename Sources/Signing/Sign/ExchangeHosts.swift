package import Exchanges
import HTTPServer
import Kernel

/// Where requests for a key's hosts go: to the exchange, or to the stand-in that the settings name, never for
/// live keys.
package struct ExchangeHosts: Sendable {
    private let standIn: @Sendable (ExchangeName, Environment, String) -> String?

    package init(standIn: @escaping @Sendable (ExchangeName, Environment, String) -> String?) {
        self.standIn = standIn
    }

    package func host(
        _ alias: String, of exchange: ExchangeName, in environment: Environment
    ) -> ExchangeHost? {
        exchange.adapter.host(
            alias, in: environment, standingAt: standIn(exchange, environment, alias))
    }
}
