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

    /// Query and form are one text, so whoever holds the signature may part them anywhere, inside of a
    /// parameter, too.
    var leavesBorderOpen: Bool { self == .pathAndMethod || self == .pathAndMethodOfHost }
}

/// Another request that the same signature is good for.
package struct OtherReading: Sendable {
    package let host: String
    package let method: RequestDraft.Method
    /// May have placeholders in braces.
    package let path: String
    package let meaning: RequestMeaning
    /// The exchange takes it of a key that may do one of these; empty where that is not known.
    package let permissions: Set<KeyPermission>
}

extension RequestClassifier {
    /// What the same parameters under the same signature would mean at all the exchange's other routes that
    /// would take them: those whose required parameters are there, for exchanges leave out of account what
    /// they do not know.
    ///
    /// Each table states everything that trades, cancels, transfers or withdraws, and some of `admin`. Not
    /// told are routes that only read or open streams, what no table states (see `SignableNames`), and what
    /// takes no parameters at all: that fits everything (a Bybit key can delete itself), and no rule here
    /// helps against it.
    package func otherReadings(of draft: RequestDraft) -> [OtherReading] {
        guard openness.leavesPathOpen else { return [] }
        let names = draft.parameterNames
        let own = table.find(draft)?.route
        var found: [OtherReading] = []
        for operation in RequestOperation.allCases {
            for candidate in others.candidates(for: operation, names)
            where hasShape(draft, of: candidate.route) && isTaken(draft, by: candidate.route) {
                let route = candidate.route
                let isOwn = route.method == own?.method && route.path == own?.path
                for host in route.hosts where !isOwn || host != draft.host {
                    let isKnown = found.contains {
                        $0.host == host && $0.method == route.method && $0.path == route.path
                    }
                    if !isKnown { found.append(reading(draft, as: route, at: host)) }
                }
            }
        }
        return found
    }

    private func reading(_ draft: RequestDraft, as route: Route, at host: String) -> OtherReading {
        var meaning = RequestMeaning(route.operation, admitsOrders: route.admitsOrders)
        do throws(MeaningProblem) {
            try read(draft, by: route, [:], unknown: .leftOut, into: &meaning)
        } catch {
            meaning.problems = [error]
        }
        return OtherReading(
            host: host, method: route.method, path: route.path, meaning: meaning,
            permissions: permissions(for: route, at: host))
    }

    /// What a key must be allowed by the exchange itself to trade or cancel there.
    private func permissions(for route: Route, at host: String) -> Set<KeyPermission> {
        guard route.operation == .trade || route.operation == .cancel else { return [] }
        // One host for all of them: the parameters say which.
        if exchange == .bybit { return [.tradeSpot, .tradeMargin, .tradeDerivatives] }
        if host != "spot" || route.path.contains("/futures/") { return [.tradeDerivatives] }
        // Binance lets whoever may trade spot trade on margin; the switch for margin is about loans.
        return route.path.contains("/margin/") ? [.tradeSpot, .tradeMargin] : [.tradeSpot]
    }

    /// Why no signature for it is handed out at all, whatever policies say; nil when one may be: nothing is
    /// signed whose content the signature leaves open, and that content makes an order, a transfer or a
    /// withdrawal.
    package func refusesToSign(_ meaning: RequestMeaning, _ draft: RequestDraft) -> String? {
        if openness.leavesBorderOpen {
            for field in draft.query + draft.form where isCuttable(field) {
                return "the parameter \(field.name) could be cut in two, of which one is another parameter"
            }
        }
        guard openness == .content, ![.read, .cancel, .stream].contains(meaning.operation) else { return nil }
        return "a token of \(exchange.rawValue) covers no body: it would be good for any other content"
    }

    /// `x=asymbol=BTCUSDT`, cut before the s, has a symbol; and so has `xsymbol=BTCUSDT`.
    private func isCuttable(_ field: RequestDraft.Field) -> Bool {
        let name = field.name
        return field.written.utf8.count { $0 == UInt8(ascii: "=") } > 1
            || name.indices.dropFirst().contains { names.contains(String(name[$0...])) }
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

    /// What cannot be read may be taken.
    private func isTaken(_ draft: RequestDraft, by route: Route) -> Bool {
        guard let takes = route.takes else { return true }
        do throws(MeaningProblem) {
            return try takes(Parameters(draft, inBoth: route.inBoth))
        } catch {
            return true
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
        let fields = (hasForm ? query + form : query).map { $0.name }
        guard case .json(let bytes) = body else { return fields }
        let isList = bytes.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "[")
        return fields + (isList ? [Parameters.list] : JSONMembers(bytes).names)
    }
}
