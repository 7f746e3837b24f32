import JSON

/// What an answer says of each thing that was asked for, in the exchange's own codes.
struct OrderAnswer: Equatable {
    enum Row: Equatable {
        case taken
        /// By a code, where there is one.
        case failed(String?)
    }

    /// Of the whole request; of the first that failed, where the whole has no code of its own.
    let code: String?
    /// At least one.
    let rows: [Row]
    /// The answer has a verdict for each.
    let isListed: Bool

    private init(_ code: String?) { (self.code, rows, isListed) = (code, [.failed(code)], false) }

    /// All of these are said of the whole.
    private init(all codes: [String]) {
        (code, rows, isListed) = (codes.first, codes.map { .failed($0) }, false)
    }

    private init(each rows: [Row], code: String? = nil) {
        let failed = rows.lazy.compactMap { row in if case .failed(let code) = row { code } else { nil } }
        self.code = code ?? failed.first
        self.rows = rows.isEmpty ? [.taken] : rows
        isListed = !rows.isEmpty
    }

    /// Nothing in it says that it failed. What is no JSON says nothing.
    private init(taken code: String?) { (self.code, rows, isListed) = (code, [.taken], false) }

    /// - Parameter isRead: lists in it are what was asked for, and no verdicts.
    init(of exchange: ExchangeName, _ answer: JSONValue?, isRead: Bool = false) {
        guard let answer else {
            self = OrderAnswer(taken: nil)
            return
        }
        let told: OrderAnswer =
            switch exchange {
            case .binance: Self.binance(answer)
            case .bybit: Self.bybit(answer)
            case .okx: Self.okx(answer)
            case .kraken: Self.kraken(answer)
            case .coinbase: Self.coinbase(answer)
            case .kucoin: Self.kucoin(answer)
            case .gate: Self.gate(answer)
            case .bitget: Self.bitget(answer)
            case .mexc: Self.mexc(answer)
            }
        self = isRead && told.isListed ? OrderAnswer(taken: nil) : told
    }
}

// MARK: Each exchange

extension OrderAnswer {
    /// A batch is a list; what cancels and places tells of both halves.
    private static func binance(_ answer: JSONValue) -> OrderAnswer {
        let row = { (value: JSONValue) -> Row in
            guard let code = value.words("code"), code.hasPrefix("-") else { return .taken }
            return .failed(code)
        }
        if let elements = answer.asArray { return OrderAnswer(each: elements.map(row)) }
        let code = answer.words("code")
        if let both = answer["data"], both["newOrderResult"] != nil {
            let halves = [("cancelResult", "cancelResponse"), ("newOrderResult", "newOrderResponse")]
            let rows = halves.compactMap { result, response -> Row? in
                switch both[result]?.asString {
                case "SUCCESS": .taken
                case "NOT_ATTEMPTED": nil
                default: .failed(both[response]?.words("code"))
                }
            }
            return OrderAnswer(each: rows, code: code)
        }
        return row(answer) == .taken ? OrderAnswer(taken: code) : OrderAnswer(code)
    }

    private static func bybit(_ answer: JSONValue) -> OrderAnswer {
        let code = answer.words("retCode")
        guard code == nil || code == "0" else { return OrderAnswer(code) }
        guard let list = answer["retExtInfo"]?["list"]?.asArray, !list.isEmpty else {
            return OrderAnswer(taken: code)
        }
        return OrderAnswer(each: list.map { Self.row($0.words("code"), good: "0") })
    }

    /// 1: all failed; 2: some did. Each says why.
    private static func okx(_ answer: JSONValue) -> OrderAnswer {
        let code = answer.words("code")
        let rows = (answer["data"]?.asArray ?? []).compactMap { $0.words("sCode") }
        if !rows.isEmpty { return OrderAnswer(each: rows.map { Self.row($0, good: "0") }) }
        return code == nil || code == "0" ? OrderAnswer(taken: code) : OrderAnswer(code)
    }

    /// Errors begin with E, and warnings with W.
    private static func kraken(_ answer: JSONValue) -> OrderAnswer {
        let errors = (answer["error"]?.asArray ?? []).compactMap(\.asString).filter { !$0.hasPrefix("W") }
        if !errors.isEmpty { return OrderAnswer(all: errors) }
        guard let orders = answer["result"]?["orders"]?.asArray else { return OrderAnswer(taken: nil) }
        return OrderAnswer(each: orders.map { $0["error"]?.asString.map { .failed($0) } ?? .taken })
    }

    private static func coinbase(_ answer: JSONValue) -> OrderAnswer {
        if let results = answer["results"]?.asArray {
            return OrderAnswer(
                each: results.map { result in
                    result["success"]?.asBool == false ? .failed(result.words("failure_reason")) : .taken
                })
        }
        let said = answer["error_response"]?.words("error") ?? answer.words("error")
        let edit = answer["errors"]?[0]?.words("edit_failure_reason")
        guard answer["success"]?.asBool == false || said != nil else { return OrderAnswer(taken: nil) }
        return OrderAnswer(said ?? edit ?? answer.words("failure_reason"))
    }

    private static func kucoin(_ answer: JSONValue) -> OrderAnswer {
        let code = answer.words("code")
        guard code == nil || code == "200000" else { return OrderAnswer(code) }
        let list = answer["data"]?.asArray ?? answer["data"]?["data"]?.asArray ?? []
        let rows = list.map { row -> Row in
            let isGood = row["success"]?.asBool != false && row["status"]?.asString != "fail"
            return isGood ? Self.row(row.words("code"), good: "200000") : .failed(row.words("code"))
        }
        return rows.isEmpty ? OrderAnswer(taken: code) : OrderAnswer(each: rows)
    }

    private static func gate(_ answer: JSONValue) -> OrderAnswer {
        if let elements = answer.asArray {
            return OrderAnswer(
                each: elements.map { element in
                    element["succeeded"]?.asBool == false ? .failed(element.words("label")) : .taken
                })
        }
        return answer.words("label").map { OrderAnswer($0) } ?? OrderAnswer(taken: nil)
    }

    /// Lists of what succeeded and what failed, named differently by each version.
    private static func bitget(_ answer: JSONValue) -> OrderAnswer {
        let code = answer.words("code")
        guard code == nil || code == "00000" else { return OrderAnswer(code) }
        if let elements = answer["data"]?.asArray, !elements.isEmpty {
            return OrderAnswer(each: elements.map { Self.row($0.words("code"), good: "00000") })
        }
        let list = { (name: String) in answer["data"]?[name]?.asArray ?? [] }
        let failed = list("failureList") + list("failure")
        guard !failed.isEmpty else { return OrderAnswer(taken: code) }
        return OrderAnswer(
            each: (list("successList") + list("orderInfo")).map { _ in .taken }
                + failed.map { .failed($0.words("errorCode")) })
    }

    private static func mexc(_ answer: JSONValue) -> OrderAnswer {
        let row = { (value: JSONValue, name: String) -> Row in
            let code = value.words(name)
            return code == "200" ? .taken : Self.row(code, good: "0")
        }
        if let elements = answer.asArray { return OrderAnswer(each: elements.map { row($0, "code") }) }
        let code = answer.words("code")
        guard row(answer, "code") == .taken else { return OrderAnswer(code) }
        guard let list = answer["data"]?.asArray, !list.isEmpty else { return OrderAnswer(taken: code) }
        return OrderAnswer(each: list.map { row($0, "errorCode") })
    }

    private static func row(_ code: String?, good: String) -> Row {
        code == nil || code == good ? .taken : .failed(code)
    }
}
