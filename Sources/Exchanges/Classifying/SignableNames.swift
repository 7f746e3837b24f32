import JSON

/// What reads, cancels and streams of an exchange take whose signature leaves the path open: by which order,
/// which coin, which time, which page. Nothing here tells an order, a conversion, a loan, a transfer or a
/// withdrawal, so a signature over these alone is good for none, whether or not a table states the endpoint.
struct SignableNames: Sendable {
    let query: Set<String>
    let body: Set<String>

    init(query: String = "", body: String = "") {
        let names = { (text: String) in
            Set(text.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init))
        }
        (self.query, self.body) = (names(query), names(body))
    }

    /// The first of a request's parameters, at any depth, that is none of them.
    func stranger(in draft: RequestDraft) -> String? {
        for field in draft.query where !query.contains(field.name) { return field.name }
        for field in draft.form where !body.contains(field.name) { return field.name }
        guard case .json(let bytes) = draft.body else { return nil }
        // What cannot be read may be anything.
        guard let value = try? JSONValue.parse(bytes) else { return Parameters.list }
        if value.asArray != nil, !body.contains(Parameters.list) { return Parameters.list }
        return stranger(in: value)
    }

    private func stranger(in value: JSONValue) -> String? {
        for element in value.asArray ?? [] {
            if let name = stranger(in: element) { return name }
        }
        for member in value.asObject?.members ?? [] {
            // Letters beyond ASCII may equal others that are written with more than one of them.
            guard body.contains(member.name), member.name.utf8.allSatisfy({ $0 < 0x80 }) else {
                return member.name
            }
            if let name = stranger(in: member.value) { return name }
        }
        return nil
    }
}

extension RequestClassifier {
    /// Why a request that only asks, or is not known, is not signed: it carries what its route is not known
    /// to take, and another one may. Orders, withdrawals and what sets leverage are read with all that they
    /// carry, and have been refused for anything else.
    package func refusesStrangers(_ meaning: RequestMeaning, _ draft: RequestDraft) -> String? {
        guard openness.leavesPathOpen, meaning.orders.isEmpty, meaning.withdrawal == nil,
            table.find(draft)?.route.known == nil, let name = signable.stranger(in: draft)
        else { return nil }
        let shown = name.utf8.count <= 40 ? name.filter { $0.isASCII && $0 >= " " } : "of that name"
        return "the parameter \(shown) is none of a read or a cancel, and may mean more at another endpoint"
    }
}

// MARK: - By exchange

extension BinanceTable {
    /// The last line is of lists, as the exchange and as stock ccxt writes them.
    private static let names =
        """
        symbol symbols pair orderId origClientOrderId newClientOrderId clientOrderId orderListId
        listClientOrderId cancelRestrictions fromId limit startTime endTime isIsolated omitZeroBalances
        preventedMatchId fromPreventedMatchId allocationId fromAllocationId fromExecutionId
        coin network status type offset page rows current size archived txId idList withdrawOrderId
        includeSource beginTime transactionType accountType vipLevel tier needBtcValuation isolatedSymbol
        autoCloseType incomeType downloadId marginAsset algoId clientAlgoId algoType pageSize recordId
        underlying underlyings countdownTime listenKey validity
        orderIds clientOrderIds orderIdList origClientOrderIdList orderidlist origclientorderidlist
        """
    static let signable = SignableNames(query: names, body: names)
}

extension BybitTable {
    /// A query is no body here, and no endpoint does anything by a query. `clientOrderId` and `trigger` are
    /// remains of stock ccxt, that Bybit ignores.
    static let signable = SignableNames(
        query:
            """
            category symbol baseCoin quoteCoin settleCoin orderId orderLinkId orderFilter orderStatus openOnly
            execType startTime endTime limit cursor size accountType coin currency type transSubType
            transferId status withdrawID withdrawType txID chain chainType memberId toMemberId fromMemberId
            withBonus blockTradeId includeSource expDate vipLevel product
            """,
        body:
            """
            category symbol baseCoin settleCoin orderId orderLinkId orderFilter stopOrderType request
            cancelAll product timeWindow clientOrderId trigger
            """)
}

extension MEXCTable {
    /// Of both hosts; `clientOrderId`, `trigger`, `states` and `subType` are remains of stock ccxt.
    static let signable = SignableNames(
        query:
            """
            symbol symbols orderId origClientOrderId newClientOrderId clientOrderId startTime endTime limit
            fromId coin network status page pageSize listenKey trigger states subType
            page_num page_size category start_time end_time order_ids position_id positionId type currency
            is_finished
            """,
        body: "[] symbol orderId externalOid positionId stopPlanOrderId trackId trigger")
}
