import JSON
import Kernel

// What an exchange's adapter knows, for whoever connects a bot or writes a policy: read from what the adapter
// itself works by, so that it cannot say otherwise.

extension Exchange {
    /// What no exchange here is, and no adapter is for.
    package static let neverOffered = [
        "Hyperliquid", "on-chain wallets", "FIX", "orders by WebSocket", "Kraken Futures",
        "private streams relayed by Keybell: a second, read-only key is for them",
    ]

    /// Operations that requests are ever signed for and handed out. What moves money goes by the proxy alone,
    /// and so do orders where a signature leaves their content open.
    var signs: [RequestOperation] {
        let isContentOpen = if case .content = name.classifier.openness { true } else { false }
        return RequestOperation.allCases.filter { operation in
            !operation.movesMoney && !(isContentOpen && [.trade, .admin].contains(operation))
        }
    }

    /// - Parameter listsRoutes: they are many.
    func writeAdapter(to w: inout JSONWriter, listsRoutes: Bool) {
        w.field("signs", signs.map(\.rawValue))
        w.array("probes", probes) { w, line in w.value(line) }
        w.field("time_request", name.timeRequest.line)
        w.field("instrument_requests", name.adapter.instrumentLists.map(\.line))
        w.array("budgets", name.classifier.budgets) { w, draw in draw.write(to: &w) }
        guard listsRoutes else { return w.null("routes") }
        w.array("routes", name.classifier.table.routes) { w, route in route.write(to: &w) }
    }

    /// Each once, as `GET spot /path`.
    private var probes: [String] {
        let lines = environments.flatMap { name.adapter.probes(in: $0) }.map(\.line)
        return lines.enumerated().filter { !lines[..<$0.offset].contains($0.element) }.map(\.element)
    }
}

extension RequestDraft {
    /// For people: method, alias, path and query.
    fileprivate var line: String {
        "\(method.rawValue) \(host) \(path)" + (query.isEmpty ? "" : "?\(query.written)")
    }
}

extension RequestClassifier {
    /// Those with names and known sizes. What only one route draws from is told by answers.
    fileprivate var budgets: [RateDraw] {
        var found: [RateDraw] = []
        for route in table.routes {
            for host in route.hosts {
                let path = route.path.contains("{") ? route.path.filter { !"{}*=|".contains($0) } : route.path
                let draft = RequestDraft(known: route.method, host: host, path: path)
                for draw in draws(of: draft, RequestMeaning(route.operation))
                where draw.allowance != nil && !draw.budget.isOfRoute {
                    let isKnown = found.contains {
                        $0.budget == draw.budget && $0.allowance == draw.allowance
                    }
                    if !isKnown { found.append(draw) }
                }
            }
        }
        return found
    }
}

extension RateDraw {
    fileprivate func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("name", budget.name)
            w.field("counted_by", budget.owner.rawValue)
            w.field("limit", allowance?.limit ?? 0)
            switch allowance?.refill {
            case .window(let milliseconds)?:
                w.field("per_milliseconds", milliseconds)
                w.field("refill", "window")
            case .decay(let milliseconds)?:
                w.field("per_milliseconds", milliseconds)
                w.field("refill", "decay")
            case nil: break
            }
        }
    }
}

extension Route {
    fileprivate func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("hosts", hosts)
            w.field("method", method.rawValue)
            w.field("path", path)
            w.field("operation", operation.rawValue)
            w.field("admits_orders", admitsOrders)
            w.field("client_order_id", clientOrderID?.name)
            w.field("client_order_id_characters", clientOrderID?.lengthAtMost)
            w.field("parameters", known)
            w.field("required", required?.sorted())
        }
    }
}

/// What may stand in the query, and what in the body, where not everything may.
extension KnownNames: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("query", query.sorted())
            w.field("body", body.sorted())
        }
    }
}
