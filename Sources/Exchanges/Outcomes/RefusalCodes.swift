/// The codes by which an exchange says that it did nothing: only they give back what limits were charged.
/// From the exchanges' tables of errors. Not among them is what says that a request timed out, that a server
/// was busy or that something went wrong inside, nor what we do not know.
struct RefusalCodes: Sendable {
    /// As they are written below.
    let entries: [String]
    private let words: Set<String>
    private let beginnings: [String]
    private let ranges: [ClosedRange<Int>]

    /// - Parameter entries: a code, `first...last`, or a code's beginning and `*`.
    private init(_ entries: [String]) {
        var (words, beginnings, ranges): (Set<String>, [String], [ClosedRange<Int>]) = ([], [], [])
        for entry in entries {
            let bounds = entry.split(separator: "...").compactMap { Int($0) }
            if entry.hasSuffix("*") {
                beginnings.append(String(entry.dropLast()))
            } else if bounds.count == 2 {
                ranges.append(bounds[0]...bounds[1])
            } else {
                words.insert(entry)
            }
        }
        (self.entries, self.words, self.beginnings, self.ranges) = (entries, words, beginnings, ranges)
    }

    func cover(_ row: OrderAnswer.Row) -> Bool {
        guard case .failed(let code?) = row else { return false }
        if words.contains(code) || beginnings.contains(where: { code.hasPrefix($0) }) { return true }
        guard let number = Int(code) else { return false }
        return ranges.contains { $0.contains(number) }
    }

    static func of(_ exchange: ExchangeName) -> RefusalCodes {
        guard let codes = all[exchange] else { preconditionFailure("every exchange refuses by codes") }
        return codes
    }
}

extension RefusalCodes {
    private static let all: [ExchangeName: RefusalCodes] = [
        // https://developers.binance.com/docs/binance-spot-api-docs/errors, and of futures. Not -1000, -1001,
        // -1006, -1007, -1008 and -1016: inside, cut off, unexpected, timed out, overloaded, shutting down.
        .binance: RefusalCodes([
            "-1002", "-1003", "-1010", "-1015...-1013", "-1023...-1020", "-1035...-1033", "-1199...-1099",
            "-2008", "-2028...-2010", "-2035", "-2038", "-4999...-4000", "-5041...-5021",
        ]),
        // https://bybit-exchange.github.io/docs/v5/error. Not 10000, 10014, 10016, 110079, 170001, 170007,
        // 170032, 170146, 170147 and 170234.
        .bybit: RefusalCodes([
            "10001...10010", "10017", "10018", "10024", "10027...10029", "10429", "33004",
            "110001...110078", "110080...110199", "170003", "170005", "170010...170031", "170033...170145",
            "170148...170233", "170235...170999",
        ]),
        // https://www.okx.com/docs-v5/en/#error-code. Not 50001, 50004, 50013, 50026, 51054 and 51149.
        .okx: RefusalCodes([
            "50000", "50002", "50003", "50005...50008", "50010...50012", "50014...50025", "50027...50038",
            "50061", "50100...50199", "51000...51053", "51055...51148", "51150...51766", "54000...54099",
            "59000...59199",
        ]),
        // https://docs.kraken.com/api/docs/guides/spot-errors. Not EService:Unavailable, Busy, Timeout, nor
        // EGeneral:Internal error.
        .kraken: RefusalCodes([
            "EOrder:*", "EAPI:*", "EFunding:*", "EAccount:*", "EAuth:*", "EQuery:*", "EGeneral:Invalid*",
            "EGeneral:Permission denied*", "EGeneral:Unknown method*", "EGeneral:Temporary lockout*",
            "EGeneral:Too many requests*", "EService:Market in *", "EService:Deadline elapsed*",
        ]),
        // https://docs.cdp.coinbase.com/api-reference/advanced-trade-api. Not UNKNOWN_FAILURE_REASON, nor
        // UNKNOWN_CANCEL_FAILURE_REASON.
        .coinbase: RefusalCodes([
            "UNSUPPORTED_ORDER_CONFIGURATION", "INVALID_*", "INSUFFICIENT_FUND*", "ORDER_ENTRY_DISABLED",
            "INELIGIBLE_PAIR", "COMMANDER_REJECTED_NEW_ORDER", "IN_LIQUIDATION", "UNTRADABLE_PRODUCT",
            "GEOFENCING_RESTRICTION", "QUOTE_SIZE_NOT_ALLOWED_FOR_BRACKET", "MISSING_MARKET_TRADE_DATA",
            "CANNOT_EDIT_*", "ORDER_NOT_FOUND", "DUPLICATE_CANCEL_REQUEST", "UNKNOWN_CANCEL_ORDER",
            "COMMANDER_REJECTED_CANCEL_ORDER", "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED", "rate_limit_exceeded", "UNAUTHENTICATED", "unauthorized", "NOT_FOUND",
            "FAILED_PRECONDITION",
        ]),
        // https://www.kucoin.com/docs-new/error-code. Not 408000, 500000, 126034, 126036, 126038 and 126039.
        .kucoin: RefusalCodes([
            "100001", "100004", "101030", "126001...126033", "126042...126048", "130101...130201",
            "130203...130309", "130311...130315", "200001...200004", "210014", "210021", "230003", "260100",
            "300000...300028", "330005", "330008", "330012", "400000...400008", "400100", "400200",
            "400303", "400330", "400350", "400370", "400400", "400401", "400500", "400600", "400760",
            "401000", "404000", "411100", "415000", "429000", "600100", "600101", "900014",
        ]),
        // https://www.gate.com/docs/developers/apiv4/#label-list. Not INTERNAL, SERVER_ERROR and TOO_BUSY.
        .gate: RefusalCodes([
            "INVALID_*", "MISSING_REQUIRED_*", "BAD_REQUEST", "NOT_ACCEPTABLE", "METHOD_NOT_ALLOWED",
            "NOT_FOUND", "AUTHENTICATION_FAILED", "IP_FORBIDDEN", "READ_ONLY", "REQUEST_EXPIRED",
            "ACCOUNT_LOCKED", "FORBIDDEN", "SUB_ACCOUNT_NOT_FOUND", "SUB_ACCOUNT_LOCKED",
            "TOO_MUCH_FUTURES_AVAILABLE", "FUTURES_BALANCE_NOT_ENOUGH", "TOO_FAST", "TOO_MANY_*",
            "POC_FILL_IMMEDIATELY", "ORDER_NOT_FOUND", "CLIENT_ID_NOT_FOUND", "ORDER_CLOSED",
            "ORDER_CANCELLED", "ORDER_FINISHED", "QUANTITY_NOT_ENOUGH", "BALANCE_NOT_ENOUGH",
            "MARGIN_NOT_SUPPORTED", "MARGIN_BALANCE_NOT_ENOUGH", "AMOUNT_TOO_*", "LIQUIDATE_IMMEDIATELY",
            "INSUFFICIENT_AVAILABLE", "ORDER_FOK", "ORDER_POC_IMMEDIATE", "PRICE_TOO_DEVIATED",
            "INCREASE_POSITION", "POSITION_IN_*", "CONTRACT_NOT_FOUND", "CONTRACT_IN_DELISTING",
            "RISK_LIMIT_EXCEEDED", "SIZE_TOO_*", "INITIAL_MARGIN_TOO_LOW", "REDUCE_EXCEEDED",
            "USER_NOT_FOUND", "PRICE_THRESHOLD_EXCEEDED", "WITHDRAWAL_OVER_LIMIT", "API_WITHDRAW_DISABLED",
            "ADDRESS_NOT_USED",
        ]),
        // https://www.bitget.com/api-doc/common/error-code. Not 40010, 40015, 40200, 40725 and 45001.
        .bitget: RefusalCodes([
            "429", "40001...40009", "40011...40014", "40016...40099", "40308", "40309", "40404", "40409",
            "40429", "40700...40724", "40726...40799", "40808", "40812", "40900...40999", "43001...43025",
            "43115", "45002...45199", "22001", "22002", "22019...22045", "25200...25239",
        ]),
        // https://www.mexc.com/api-docs/spot-v3/general-info, and of contracts. Not 500, 501, 503, 504.
        .mexc: RefusalCodes([
            "-1128", "-1121", "-2011", "400...406", "429", "510...513", "600...602", "701...704",
            "1000...1004", "2001...2042", "10001", "10007", "10015", "10072", "10073", "10095...10103",
            "30000...30041", "30087", "33333", "700001...700008", "700013", "730001", "730002",
        ]),
    ]
}
