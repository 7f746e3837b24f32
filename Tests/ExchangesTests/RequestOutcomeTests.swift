import JSON
import Testing

@testable import Exchanges

/// What an answer says became of a request: only a definite refusal gives back what limits were charged.
@Suite struct RequestOutcomeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let exchange: ExchangeName
        let status: Int
        let body: String
        let kind: RequestOutcome.Kind
        let code: String?

        init(
            _ exchange: ExchangeName, _ status: Int, _ body: String, _ kind: RequestOutcome.Kind,
            _ code: String? = nil
        ) {
            (self.exchange, self.status, self.body) = (exchange, status, body)
            (self.kind, self.code) = (kind, code)
        }

        init(
            _ exchange: ExchangeName, _ body: String, _ kind: RequestOutcome.Kind, _ code: String? = nil
        ) {
            self.init(exchange, 200, body, kind, code)
        }

        var testDescription: String { "\(exchange) \(status) \(body.prefix(80))" }
    }

    private func outcome(_ one: Case, isRead: Bool = false) throws -> RequestOutcome {
        let answer = one.body.isEmpty ? nil : try JSONValue.parse(Array(one.body.utf8))
        return RequestOutcome(of: one.exchange, status: one.status, answer: answer, isRead: isRead)
    }

    @Test(arguments: taken + refused + unknown) func `an outcome is read as the exchange means it`(
        one: Case
    ) throws {
        #expect(try outcome(one) == RequestOutcome(one.kind, code: one.code))
    }

    private static let taken = [
        Case(.binance, #"{"orderId":1,"status":"NEW"}"#, .accepted),
        Case(.binance, #"{"code":200,"msg":"done"}"#, .accepted, "200"),
        Case(.binance, #"[{"orderId":1},{"code":-2019,"msg":"no margin"}]"#, .accepted, "-2019"),
        // The cancel failed, and the new order stands; and the other way about.
        Case(
            .binance, 409,
            #"{"code":-2021,"msg":"partial","data":{"cancelResult":"FAILURE","newOrderResult":"SUCCESS","#
                + #""cancelResponse":{"code":-2011},"newOrderResponse":{"orderId":2}}}"#, .accepted, "-2021"),
        Case(
            .binance, 409,
            #"{"code":-2021,"data":{"cancelResult":"SUCCESS","newOrderResult":"FAILURE","#
                + #""newOrderResponse":{"code":-2010}}}"#, .accepted, "-2021"),
        Case(.bybit, #"{"retCode":0,"result":{},"retExtInfo":{}}"#, .accepted, "0"),
        Case(
            .bybit, #"{"retCode":0,"retExtInfo":{"list":[{"code":0},{"code":170131}]}}"#, .accepted,
            "170131"),
        Case(.okx, #"{"code":"0","data":[{"ordId":"1","sCode":"0"}]}"#, .accepted),
        Case(.okx, #"{"code":"2","data":[{"sCode":"0"},{"sCode":"51008"}]}"#, .accepted, "51008"),
        Case(.kraken, #"{"error":[],"result":{"txid":["O"]}}"#, .accepted),
        Case(.kraken, #"{"error":["WDatabase:No change"],"result":{}}"#, .accepted),
        Case(
            .kraken,
            #"{"error":[],"result":{"orders":[{"txid":"O"},{"error":"EOrder:Insufficient funds"}]}}"#,
            .accepted, "EOrder:Insufficient funds"),
        Case(.coinbase, #"{"success":true,"success_response":{"order_id":"1"}}"#, .accepted),
        Case(
            .coinbase, #"{"results":[{"success":true},{"success":false,"failure_reason":"UNKNOWN"}]}"#,
            .accepted, "UNKNOWN"),
        Case(.kucoin, #"{"code":"200000","data":{"orderId":"1"}}"#, .accepted, "200000"),
        Case(
            .kucoin, #"{"code":"200000","data":[{"success":true},{"success":false,"failMsg":"no"}]}"#,
            .accepted),
        Case(.gate, 201, #"{"id":"1"}"#, .accepted),
        Case(
            .gate, #"[{"succeeded":true,"label":""},{"succeeded":false,"label":"BALANCE_NOT_ENOUGH"}]"#,
            .accepted, "BALANCE_NOT_ENOUGH"),
        Case(.bitget, #"{"code":"00000","data":{"orderId":"1"}}"#, .accepted, "00000"),
        Case(
            .bitget,
            #"{"code":"00000","data":{"successList":[{"orderId":"1"}],"#
                + #""failureList":[{"errorCode":"43012"}]}}"#,
            .accepted, "43012"),
        Case(.mexc, #"{"orderId":"1"}"#, .accepted),
        Case(.mexc, #"{"success":true,"code":0,"data":1}"#, .accepted, "0"),
        Case(.mexc, #"[{"orderId":"1"},{"code":30004,"msg":"no"}]"#, .accepted, "30004"),
    ]

    private static let refused = [
        Case(.binance, 400, #"{"code":-2010,"msg":"insufficient balance"}"#, .refused, "-2010"),
        Case(.binance, 400, #"{"code":-1121,"msg":"Invalid symbol."}"#, .refused, "-1121"),
        Case(.binance, 400, #"{"code":-4164,"msg":"notional"}"#, .refused, "-4164"),
        Case(.binance, 400, #"{"code":-2021,"msg":"would trigger"}"#, .refused, "-2021"),
        Case(.binance, #"[{"code":-2019},{"code":-4164}]"#, .refused, "-2019"),
        Case(
            .binance, 400,
            #"{"code":-2022,"data":{"cancelResult":"FAILURE","newOrderResult":"NOT_ATTEMPTED","#
                + #""cancelResponse":{"code":-2011},"newOrderResponse":null}}"#, .refused, "-2022"),
        Case(.binance, 418, #"{"code":-1003}"#, .refused, "-1003"),
        Case(.binance, 429, "", .refused),
        Case(.bybit, #"{"retCode":110007,"retMsg":"no balance"}"#, .refused, "110007"),
        Case(.bybit, #"{"retCode":10001}"#, .refused, "10001"),
        Case(
            .bybit, #"{"retCode":0,"retExtInfo":{"list":[{"code":170131},{"code":170124}]}}"#, .refused,
            "170131"),
        Case(.okx, #"{"code":"1","data":[{"sCode":"51008","sMsg":"no balance"}]}"#, .refused, "51008"),
        Case(.okx, #"{"code":"1","data":[{"sCode":"51008"},{"sCode":"51000"}]}"#, .refused, "51008"),
        Case(.okx, 401, #"{"code":"50111"}"#, .refused, "50111"),
        Case(.kraken, #"{"error":["EOrder:Insufficient funds"]}"#, .refused, "EOrder:Insufficient funds"),
        Case(
            .kraken, #"{"error":["EService:Market in post_only mode"]}"#, .refused,
            "EService:Market in post_only mode"),
        Case(
            .kraken, #"{"error":["EGeneral:Invalid arguments:volume"]}"#, .refused,
            "EGeneral:Invalid arguments:volume"),
        Case(
            .kraken, #"{"error":[],"result":{"orders":[{"error":"EOrder:Order minimum not met"}]}}"#,
            .refused,
            "EOrder:Order minimum not met"),
        Case(
            .coinbase, #"{"success":false,"error_response":{"error":"INSUFFICIENT_FUND"}}"#, .refused,
            "INSUFFICIENT_FUND"),
        Case(.coinbase, 400, #"{"error":"INVALID_ARGUMENT"}"#, .refused, "INVALID_ARGUMENT"),
        Case(.kucoin, #"{"code":"200004","msg":"Balance insufficient!"}"#, .refused, "200004"),
        Case(.kucoin, 400, #"{"code":"300003"}"#, .refused, "300003"),
        Case(.gate, 400, #"{"label":"BALANCE_NOT_ENOUGH","message":"no"}"#, .refused, "BALANCE_NOT_ENOUGH"),
        Case(.gate, #"[{"succeeded":false,"label":"INVALID_PARAM_VALUE"}]"#, .refused, "INVALID_PARAM_VALUE"),
        Case(.bitget, 400, #"{"code":"43012","msg":"Insufficient balance"}"#, .refused, "43012"),
        Case(
            .bitget, #"{"code":"00000","data":{"successList":[],"failureList":[{"errorCode":"40762"}]}}"#,
            .refused, "40762"),
        Case(.mexc, 400, #"{"code":30004,"msg":"Insufficient position"}"#, .refused, "30004"),
        Case(.mexc, #"{"success":false,"code":2005,"message":"Balance insufficient!"}"#, .refused, "2005"),
    ]

    /// Timed out, busy, failed inside, or in words that nobody here knows.
    private static let unknown = [
        Case(.binance, 400, #"{"code":-1007,"msg":"Timeout waiting for response"}"#, .unknown, "-1007"),
        Case(.binance, 400, #"{"code":-1006}"#, .unknown, "-1006"),
        Case(.binance, 400, #"{"code":-1000}"#, .unknown, "-1000"),
        Case(.binance, 409, #"{"code":-2021}"#, .unknown, "-2021"),
        Case(.binance, 409, "", .unknown),
        Case(.binance, #"[{"code":-2019},{"code":-1007}]"#, .unknown, "-2019"),
        Case(.binance, 503, #"{"code":-2010}"#, .unknown, "-2010"),
        Case(.binance, 307, "", .unknown), Case(.binance, 408, "", .unknown),
        Case(.binance, 400, "", .unknown),
        Case(.bybit, #"{"retCode":10000,"retMsg":"Server Timeout"}"#, .unknown, "10000"),
        Case(.bybit, #"{"retCode":10016}"#, .unknown, "10016"),
        Case(.bybit, #"{"retCode":170007}"#, .unknown, "170007"),
        Case(.bybit, #"{"retCode":170146}"#, .unknown, "170146"),
        Case(.bybit, #"{"retCode":987654}"#, .unknown, "987654"),
        Case(.okx, #"{"code":"50004","data":[]}"#, .unknown, "50004"),
        Case(.okx, #"{"code":"1","data":[{"sCode":"50004"}]}"#, .unknown, "50004"),
        Case(.okx, #"{"code":"1","data":[{"sCode":"51008"},{"sCode":"51149"}]}"#, .unknown, "51008"),
        Case(.okx, #"{"code":"2","data":[]}"#, .unknown, "2"),
        Case(.okx, #"{"code":"50026"}"#, .unknown, "50026"),
        Case(.kraken, #"{"error":["EService:Timeout"]}"#, .unknown, "EService:Timeout"),
        Case(.kraken, #"{"error":["EService:Busy"]}"#, .unknown, "EService:Busy"),
        Case(.kraken, #"{"error":["EGeneral:Internal error"]}"#, .unknown, "EGeneral:Internal error"),
        Case(
            .kraken, #"{"error":["EOrder:Unknown order","EService:Unavailable"]}"#, .unknown,
            "EOrder:Unknown order"),
        Case(
            .coinbase, #"{"success":false,"error_response":{"error":"UNKNOWN_FAILURE_REASON"}}"#, .unknown,
            "UNKNOWN_FAILURE_REASON"),
        Case(.kucoin, #"{"code":"408000"}"#, .unknown, "408000"),
        Case(.kucoin, #"{"code":"500000"}"#, .unknown, "500000"),
        Case(.gate, 400, #"{"label":"INTERNAL"}"#, .unknown, "INTERNAL"),
        Case(.gate, 400, #"{"label":"TOO_BUSY"}"#, .unknown, "TOO_BUSY"),
        Case(.bitget, 400, #"{"code":"40010","msg":"Request timed out"}"#, .unknown, "40010"),
        Case(.bitget, 400, #"{"code":"40725"}"#, .unknown, "40725"),
        Case(.bitget, 400, #"{"code":"45001"}"#, .unknown, "45001"),
        Case(.mexc, #"{"code":504}"#, .unknown, "504"), Case(.mexc, #"{"code":501}"#, .unknown, "501"),
    ]

    @Test func `what an exchange calls unavailable is never a definite refusal`() throws {
        let codes: [ExchangeName: [Int]] = [
            .binance: Array(-1100...(-1000)), .bybit: Array(10_000...10_100), .okx: Array(50_000...50_100),
            .kucoin: Array(499_990...500_010), .bitget: Array(40_000...41_000), .mexc: Array(400...700),
        ]
        for (exchange, codes) in codes {
            for code in codes {
                let text = exchange == .bybit ? #"{"retCode":\#(code)}"# : #"{"code":\#(code)}"#
                let answer = try JSONValue.parse(Array(text.utf8))
                let isRefused = RequestOutcome(of: exchange, status: 200, answer: answer).kind == .refused
                let isDown =
                    if case .unavailable = exchange.adapter.refusal(status: 200, in: answer) { true } else {
                        false
                    }
                // A ban of an address and a frozen account are refusals all the same.
                let isShut =
                    exchange == .bybit && [10_009, 10_024].contains(code)
                    || exchange == .bitget && [40_013, 40_024, 40_031, 40_308].contains(code)
                #expect(!(isRefused && isDown) || isShut, "\(exchange) \(code)")
            }
        }
    }

    @Test func `lists in what was read are no verdicts`() throws {
        let one = Case(.okx, #"{"code":"0","data":[{"sCode":"51008"}]}"#, .refused, "51008")
        #expect(try outcome(one).kind == .refused)
        #expect(try outcome(one, isRead: true).kind == .accepted)
    }
}
