package import Exchanges
import Kernel

/// What is known of instruments and prices when a request is judged. Whatever is missing opens nothing.
package struct Market: Sendable {
    package struct View: Sendable {
        package var instruments: [String: Instrument] = [:]
        package var prices: [String: PolicyPrice] = [:]
        package var isClockUncertain = false
        /// What the host lists is known: a symbol without an instrument is not traded there.
        package var isListed = false

        package init() {}
    }

    /// For what a request's orders are about, at one exchange's host.
    package let view: @Sendable (MarketPlace, [OrderIntent]) -> View

    package init(view: @escaping @Sendable (MarketPlace, [OrderIntent]) -> View) { self.view = view }
}

/// A host of an exchange in one environment.
package struct MarketPlace: Hashable, Sendable {
    package let exchange: ExchangeName
    package let environment: Environment
    package let host: String

    package init(_ exchange: ExchangeName, _ environment: Environment, host: String) {
        (self.exchange, self.environment, self.host) = (exchange, environment, host)
    }
}
