/// What else a signature of an exchange can be used for, by whoever holds it.
enum SignatureOpenness: Sendable {
    /// It covers method and path, query and body.
    case closed
    /// It covers query and form as one text, whichever of both they stand in, and neither path nor method
    /// (Binance).
    case pathAndMethod
    /// The same, but a query is only read of a GET or DELETE, and JSON of the others (Bybit).
    case pathAndMethodOfShape
    /// Each host has a recipe of its own, of either kind (MEXC: spot has no bodies, futures have JSON).
    case pathAndMethodOfHost
    /// It covers method and path, and neither query nor body (Coinbase).
    case content

    var leavesPathOpen: Bool { self != .closed && self != .content }
}

/// A route that a signed request fits besides its own.
package struct OtherFit: Sendable, Equatable {
    package let host: String
    package let method: RequestDraft.Method
    /// May have placeholders in braces.
    package let path: String
    package let operation: RequestOperation
}

extension RequestClassifier {
    /// The routes that would take the same parameters under the same signature: all the exchange's others
    /// whose required parameters are there, for exchanges leave out of account what they do not know.
    ///
    /// Each table states everything that trades, cancels, transfers or withdraws, and some of `admin`. Not
    /// told are routes that only read or open streams, what no table states, and what takes no parameters at
    /// all: that fits everything (a Bybit key can delete itself), and no rule here helps against it.
    package func otherFits(of draft: RequestDraft) -> [OtherFit] {
        let names = draft.parameterNames
        let own = table.find(draft)?.route
        return RequestOperation.allCases.flatMap { operation in
            others.candidates(for: operation, names).flatMap { candidate in
                fits(draft, candidate.route, besides: own)
            }
        }
    }

    private func fits(_ draft: RequestDraft, _ route: Route, besides own: Route?) -> [OtherFit] {
        guard hasShape(draft, of: route) else { return [] }
        let isOwn = route.method == own?.method && route.path == own?.path
        return route.hosts.filter { !isOwn || $0 != draft.host }.map { host in
            OtherFit(host: host, method: route.method, path: route.path, operation: route.operation)
        }
    }

    /// The operations that the same signature would allow at other routes.
    package func alsoFits(_ draft: RequestDraft) -> Set<RequestOperation> {
        Set(otherFits(of: draft).map(\.operation))
    }

    /// Why a signature for it is not handed out; nil when one may be.
    ///
    /// The rule: where a signature leaves path and method open, whatever other operation its parameters are
    /// complete for must be allowed, too: `GET /openOrders?symbol=…` is also `DELETE /openOrders`, and a read
    /// must not be good for a cancel, an order, a transfer or a withdrawal. Where it leaves the content open,
    /// nothing is signed that content makes an order, a transfer or a withdrawal.
    /// - Parameter allowed: the operations that whoever asks may do with this key anyway.
    package func refusesToSign(
        _ meaning: RequestMeaning, _ draft: RequestDraft, allowing allowed: Set<RequestOperation>
    ) -> String? {
        if openness == .content, ![.read, .cancel, .stream].contains(meaning.operation) {
            return "a token of \(exchange.rawValue) covers no body: it would be good for any other content"
        }
        let more = otherOperations(draft, besides: allowed.union([meaning.operation]))
        guard !more.isEmpty else { return nil }
        let names = more.map(\.rawValue).sorted().joined(separator: ", ")
        return "the signature would also fit another endpoint, for what is not allowed: \(names)"
    }

    /// For every signature: only routes of what is not allowed anyway are looked at.
    private func otherOperations(
        _ draft: RequestDraft, besides known: Set<RequestOperation>
    ) -> [RequestOperation] {
        let names = draft.parameterNames
        let own = table.find(draft)?.route
        return RequestOperation.allCases.filter { operation in
            !known.contains(operation)
                && others.candidates(for: operation, names).contains { candidate in
                    !fits(draft, candidate.route, besides: own).isEmpty
                }
        }
    }

    private func hasShape(_ draft: RequestDraft, of route: Route) -> Bool {
        switch openness {
        case .closed, .content: false
        case .pathAndMethod: true
        case .pathAndMethodOfShape: isCarried(draft, by: route)
        case .pathAndMethodOfHost:
            route.hosts.contains(draft.host) && (formats[draft.host] == [] || isCarried(draft, by: route))
        }
    }

    /// A query by GET and DELETE, JSON by the others; nothing by any.
    private func isCarried(_ draft: RequestDraft, by route: Route) -> Bool {
        draft.parameterNames.isEmpty || (draft.body == .none) == [.get, .delete].contains(route.method)
    }
}

extension RequestDraft {
    /// Of query and body.
    var parameterNames: [String] {
        let fields = (query + form).map(\.name)
        guard case .json(let bytes) = body else { return fields }
        let isList = bytes.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "[")
        return fields + (isList ? [Parameters.list] : JSONMembers(bytes).names)
    }
}
