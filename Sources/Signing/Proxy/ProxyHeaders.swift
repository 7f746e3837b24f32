import Exchanges
import HTTPServer

/// What passes a proxy, each way: named ones only.
enum ProxyHeaders {
    private static let towards: [HeaderName] = [
        .accept, "locale", "x-locale", "x-gate-size-decimal", "cb-version",
    ]

    /// Towards the exchange, beside what the recipe writes, which includes the content's type.
    static func towards(_ request: Request) -> [(name: String, value: String)] {
        towards.compactMap { name in request.head.headers[name].map { (name.text, $0) } }
    }

    private static let back: Set<String> = ["content-type", "retry-after", "date"]
    /// Weights and rates, as each exchange names them.
    private static let rates = [
        "x-mbx-used-weight", "x-mbx-used-remain-limit", "x-mbx-order-count", "x-sapi-used", "x-bapi-limit",
        "gw-ratelimit-",
        "ratelimit-",
        "x-ratelimit-", "x-gate-ratelimit-", "x-in-time", "x-out-time", "rate-limit-",
    ]

    static func isBack(_ name: String) -> Bool {
        let name = name.lowercased()
        return back.contains(name) || rates.contains { name.hasPrefix($0) }
    }
}
