import Testing

@testable import Exchanges

@Suite struct RouteTableTests {
    private static let all = ExchangeName.allCases.flatMap { exchange in
        exchange.classifier.table.routes.map { (exchange, $0) }
    }

    /// Placeholders filled with something that they take.
    private func sample(_ route: Route) -> String {
        route.path.split(separator: "/", omittingEmptySubsequences: false).map { segment in
            guard segment.hasPrefix("{") else { return String(segment) }
            let words = segment.dropFirst().dropLast().split(separator: "=").dropFirst().first
            return words?.split(separator: "|").first.map(String.init) ?? "id-1"
        }.joined(separator: "/")
    }

    @Test func `every line of every table is found by what it describes`() throws {
        #expect(Self.all.count > 900)
        for (exchange, route) in Self.all {
            #expect(Set(route.hosts).isSubset(of: Exchange.of(exchange).aliases), "\(exchange) \(route.path)")
            for host in route.hosts {
                let draft = try RequestDraft(route.method, host: host, path: sample(route))
                let found = exchange.classifier.table.find(draft)?.route
                #expect(
                    found?.path == route.path && found?.method == route.method, "\(exchange) \(route.path)")
            }
        }
    }

    @Test func `orders and withdrawals have a reading, and a complete list of what they take`() {
        for (exchange, route) in Self.all {
            let isOrder = route.operation == .trade
            #expect(isOrder == (route.orders != nil), "\(exchange) \(route.path)")
            if isOrder { #expect(route.known != nil, "\(exchange) \(route.path)") }
            if route.withdrawal != nil {
                #expect(route.operation == .withdraw && route.known != nil, "\(exchange) \(route.path)")
            }
            if let field = route.clientOrderID, field.list == nil {
                #expect(
                    route.known?.names(in: .body).contains(field.name) == true, "\(exchange) \(route.path)")
            }
        }
    }

    @Test func `a GET only reads or opens a stream`() {
        for (exchange, route) in Self.all where route.method == .get {
            #expect([.read, .stream].contains(route.operation), "\(exchange) \(route.path)")
        }
        for (exchange, route) in Self.all where route.method == .delete {
            #expect([.cancel, .stream, .admin].contains(route.operation), "\(exchange) \(route.path)")
        }
    }

    @Test func `an id in a path holds a digit, so that no word of another endpoint is taken for one`() throws
    {
        let kucoin = ExchangeName.kucoin.classifier
        #expect(kucoin.meaning("GET spot /api/v1/hf/orders/5bd6e9286d99522a52e458de") == "read")
        #expect(kucoin.meaning("GET spot /api/v1/hf/orders/everything") == "admin")
        #expect(kucoin.meaning("GET spot /api/v1/hf/orders/client-order/everything") == "read")
        #expect(kucoin.meaning("GET spot /api/v1/hf/orders/client-order/a%2Fb") == "admin! path")
        #expect(kucoin.meaning("GET spot /api/v1/hf/orders/client-order/a/b") == "admin")
    }
}
