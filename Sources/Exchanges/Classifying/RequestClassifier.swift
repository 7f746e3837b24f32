/// Tells what a request means at one exchange, from that exchange's public documentation. Pure.
///
/// What no table knows is `admin`. What could be read in two ways has a problem, and is refused whatever a
/// policy says.
package final class RequestClassifier: Sendable {
    let exchange: ExchangeName
    let table: RouteTable
    /// Of bodies, by host.
    let formats: [String: [BodyFormat]]
    /// Time, nonce, window and signature, where they stand among the parameters of any of its hosts: what is
    /// signed for one host may fit another.
    private let ownFields: [String]
    let openness: SignatureOpenness
    /// What else a signature may fit; empty where it covers enough.
    let others: OtherRoutes
    /// All that are known, where what is signed may be parted anew.
    let names: Set<String>
    /// What is signed for a route that does not say what it takes, where the path is left open.
    let signable: SignableNames

    init(
        _ exchange: ExchangeName, _ routes: [Route], formats: [String: [BodyFormat]],
        openness: SignatureOpenness = .closed, signable: SignableNames = SignableNames()
    ) {
        (self.exchange, table, self.formats, self.openness, self.signable) = (
            exchange, RouteTable(routes), formats, openness, signable
        )
        others = OtherRoutes(openness.leavesPathOpen ? routes : [])
        let ownFields = exchange.adapter.recipes.flatMap(\.ownFields)
        self.ownFields = ownFields
        // JSON has no borders to be moved.
        let movable = routes.filter { $0.hosts.contains { formats[$0] != [.json] } }
        names = openness.leavesBorderOpen ? Set(ownFields).union(movable.flatMap(\.names)) : []
    }

    /// The request in parts, ready to be signed: without the client's own time, nonce and signature.
    package func draft(of request: IncomingRequest) throws(MeaningProblem) -> RequestDraft {
        guard let formats = formats[request.host] else {
            throw MeaningProblem(.host, nil, "is not one of this exchange")
        }
        let draft = try request.draft(in: formats).dropping(ownFields)
        try check(draft)
        return draft
    }

    package func meaning(of request: IncomingRequest) -> RequestMeaning {
        do throws(MeaningProblem) {
            return meaning(of: try draft(of: request))
        } catch {
            return unread(request, error)
        }
    }

    package func meaning(of draft: RequestDraft) -> RequestMeaning {
        do throws(MeaningProblem) {
            try check(draft)
        } catch {
            return RequestMeaning(.admin, problems: [error])
        }
        return meaning(ofChecked: draft)
    }

    /// Both at once.
    package func read(
        _ request: IncomingRequest
    ) throws(MeaningProblem) -> (draft: RequestDraft, meaning: RequestMeaning) {
        let draft = try draft(of: request)
        return (draft, meaning(ofChecked: draft))
    }

    private func meaning(ofChecked draft: RequestDraft) -> RequestMeaning {
        guard let (route, captures) = table.find(draft) else {
            var meaning = RequestMeaning(draft.operationByName)
            meaning.setting = draft.settingByName
            return meaning
        }
        var meaning = RequestMeaning(route.operation(of: draft), admitsOrders: route.admitsOrders)
        do throws(MeaningProblem) {
            try read(draft, by: route, captures, unknown: .refused, into: &meaning)
        } catch {
            meaning.problems = [error]
        }
        return meaning
    }

    /// What must hold of any request, whatever it means.
    private func check(_ draft: RequestDraft) throws(MeaningProblem) {
        try CanonicalPath.check(draft.path)
        try ParameterNames.check(draft)
        if draft.method == .get, draft.body != .none {
            throw MeaningProblem(.body, nil, "does not belong to a GET")
        }
        // Keybell's own to write; at MEXC a time among the parameters of one host would make what is signed
        // for it good for the other.
        let names = draft.parameterNames
        if let name = ownFields.first(where: names.contains) {
            throw MeaningProblem(draft.body == .none ? .query : .body, name, "is written by the signer")
        }
        // Signed WebSocket calls name the key among the parameters, and no request does.
        if openness == .pathAndMethod, names.contains("apiKey") {
            throw MeaningProblem(.query, "apiKey", "belongs to orders by WebSocket")
        }
    }

    /// - Parameter unknown: whether a parameter that the route does not know is refused. It is of what the
    ///   client wrote; exchanges leave it out of account.
    func read(
        _ draft: RequestDraft, by route: Route, _ captures: [String: String], unknown: UnknownParameters,
        into meaning: inout RequestMeaning
    ) throws(MeaningProblem) {
        let parameters = try Parameters(draft, captures: captures, inBoth: route.inBoth)
        guard let known = route.known else {
            let isSetter = route.operation == .admin
            meaning.setting = isSetter ? PositionSetting(byNameOf: route.path, route.method) : nil
            return
        }
        if unknown == .refused { try parameters.check(known: known) }
        if let orders = route.orders { meaning.orders = try orders(parameters) }
        if let setting = route.setting { meaning.setting = try setting(parameters) }
        if let withdrawal = route.withdrawal { meaning.withdrawal = try withdrawal(parameters) }
    }
}

enum UnknownParameters { case refused, leftOut }

extension ExchangeName {
    /// Built once.
    package var classifier: RequestClassifier {
        switch self {
        case .binance: BinanceTable.classifier
        case .bybit: BybitTable.classifier
        case .okx: OKXTable.classifier
        case .kraken: KrakenTable.classifier
        case .coinbase: CoinbaseTable.classifier
        case .kucoin: KuCoinTable.classifier
        case .gate: GateTable.classifier
        case .bitget: BitgetTable.classifier
        case .mexc: MEXCTable.classifier
        }
    }
}
