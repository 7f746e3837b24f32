package import Exchanges
import Kernel

/// What is known of instruments and prices when a request is judged. Whatever is missing opens nothing.
package struct Market: Sendable {
    package struct View: Sendable {
        package var instruments: [String: Instrument] = [:]
        package var prices: [String: PolicyPrice] = [:]

        package init() {}
    }

    /// For the symbols that a request's orders name, at one exchange's host.
    package let view: @Sendable (ExchangeName, Environment, _ host: String, _ symbols: Set<String>) -> View

    package init(
        view: @escaping @Sendable (ExchangeName, Environment, _ host: String, _ symbols: Set<String>) -> View
    ) {
        self.view = view
    }
}
