import Exchanges
import HTTPServer

/// What passes a proxy, each way: named ones only.
enum ProxyHeaders {
    private static let towards = PassedHeaders.towards.compactMap { HeaderName(parsing: $0) }

    /// Towards the exchange, beside what the recipe writes, which includes the content's type.
    static func towards(_ request: Request) -> [(name: String, value: String)] {
        towards.compactMap { name in request.head.headers[name].map { (name.text, $0) } }
    }

    static func isBack(_ name: String) -> Bool {
        let name = name.lowercased()
        return PassedHeaders.back.contains(name)
            || PassedHeaders.backBeginning.contains { name.hasPrefix($0) }
    }
}
