/// One line of an exchange's table: what a method and a path mean, and how the parameters are read.
struct Route: Sendable {
    typealias OrderReading = @Sendable (Parameters) throws(MeaningProblem) -> [OrderIntent]
    typealias SettingReading = @Sendable (Parameters) throws(MeaningProblem) -> PositionSetting
    typealias WithdrawalReading = @Sendable (Parameters) throws(MeaningProblem) -> WithdrawalIntent

    typealias Acceptance = @Sendable (Parameters) throws(MeaningProblem) -> Bool

    let hosts: [String]
    let method: RequestDraft.Method
    /// `/api/v4/futures/{settle=usdt|btc}/orders/{order_id}`; a placeholder stands for one segment.
    let path: String
    let operation: RequestOperation
    /// What only tells something makes something new when this is among its parameters.
    var makesBy: String?
    var admitsOrders = false
    /// Nil where any parameter is taken.
    var known: KnownNames?
    /// What may stand in query and body, if it is the same text in both.
    var inBoth: Set<String> = []
    /// Without these the exchange refuses the request; nil where nothing is stated. See
    /// `RequestClassifier.otherReadings`.
    var required: Set<String>?
    /// Of a route that trades what no other one does: whether these parameters name such a thing.
    var takes: Acceptance?
    var orders: OrderReading?
    var withdrawal: WithdrawalReading?
    var setting: SettingReading?
    var clientOrderID: ClientOrderIDField?
}

extension Route {
    /// Of parameters, as far as they are stated.
    var names: Set<String> {
        let needed = (required ?? []).flatMap { $0.split(separator: "|").map(String.init) }
        return Set(needed).union(known?.query ?? []).union(known?.body ?? [])
    }

    func operation(of draft: RequestDraft) -> RequestOperation {
        guard let makesBy, draft.parameterNames.contains(makesBy) else { return operation }
        return .admin
    }

    func taking(_ acceptance: @escaping Acceptance) -> Route {
        var route = self
        route.takes = acceptance
        return route
    }

    /// A line each: method, path, and the parameters without which the exchange refuses the request; `a|b` is
    /// one of two.
    static func list(
        _ hosts: [String], _ operation: RequestOperation, _ text: String, admitsOrders: Bool = false
    ) -> [Route] {
        text.split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count > 1, let method = RequestDraft.Method(rawValue: words[0]) else {
                preconditionFailure("a table's line has a method and a path: \(line)")
            }
            var route = Route(
                hosts: hosts, method: method, path: words[1], operation: operation, admitsOrders: admitsOrders
            )
            if operation != .read, operation != .stream { route.required = Set(words.dropFirst(2)) }
            return route
        }
    }

    /// Paths behind one beginning, that only tell something.
    static func reads(
        _ hosts: [String], _ prefix: String, _ names: String, by method: RequestDraft.Method = .get
    ) -> [Route] {
        names.split(whereSeparator: { $0 == " " || $0 == "\n" }).map { name in
            Route(hosts: hosts, method: method, path: prefix + name, operation: .read)
        }
    }

    static func trade(
        _ hosts: [String], _ method: RequestDraft.Method, _ path: String, _ known: KnownNames,
        id: ClientOrderIDField? = nil, inBoth: Set<String> = [], _ orders: @escaping OrderReading
    ) -> Route {
        Route(
            hosts: hosts, method: method, path: path, operation: .trade, known: known, inBoth: inBoth,
            required: known.required, orders: orders, clientOrderID: id)
    }

    static func withdraw(
        _ hosts: [String], _ method: RequestDraft.Method, _ path: String, _ known: KnownNames,
        _ reading: @escaping WithdrawalReading
    ) -> Route {
        Route(
            hosts: hosts, method: method, path: path, operation: .withdraw, known: known,
            required: known.required, withdrawal: reading)
    }

    /// What orders to come are held to, though they need not name it.
    static func setting(
        _ hosts: [String], _ path: String, _ known: KnownNames, _ reading: @escaping SettingReading
    ) -> Route {
        Route(
            hosts: hosts, method: .post, path: path, operation: .admin, known: known,
            required: known.required, setting: reading)
    }
}
