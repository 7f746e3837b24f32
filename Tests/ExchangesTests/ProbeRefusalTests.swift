import Kernel
import Testing

@testable import Exchanges

@Suite struct ProbeRefusalTests {
    /// What kind of refusal an answer is.
    private enum Kind: Equatable {
        case key, address, keyOrAddress, permission, clock, throttled, unavailable, unintelligible
    }

    private static let binance: [(Int, Int, Kind)] = [
        (401, -2014, .key), (400, -2008, .key), (400, -1022, .key), (401, -2015, .keyOrAddress),
        (400, -1021, .clock), (401, -1002, .permission), (429, -1003, .throttled), (418, -1003, .throttled),
        (400, -1016, .unavailable), (400, -1102, .unintelligible),
    ]
    private static let bybit: [(Int, Int, Kind)] = [
        (200, 10003, .key), (200, 10004, .key), (200, 33004, .key), (401, 10007, .key),
        (200, 10010, .address),
        (200, 10005, .permission), (200, 10002, .clock), (200, 10006, .throttled), (403, 10018, .throttled),
        (200, 10016, .unavailable), (200, 10024, .unavailable), (200, 10001, .unintelligible),
    ]
    private static let okx: [(Int, Int, Kind)] = [
        (401, 50111, .key), (401, 50113, .key), (401, 50105, .key), (401, 50119, .key), (401, 50101, .key),
        (401, 50110, .address), (401, 50120, .permission), (401, 50102, .clock), (401, 50112, .clock),
        (429, 50011, .throttled), (503, 50001, .unavailable), (200, 50013, .unavailable),
        (400, 51000, .unintelligible),
    ]
    private static let kraken: [(String, Kind)] = [
        ("EAPI:Invalid key", .key), ("EAPI:Invalid signature", .key), ("EAPI:Invalid nonce", .clock),
        ("EGeneral:Permission denied", .keyOrAddress), ("EAPI:Rate limit exceeded", .throttled),
        ("EGeneral:Temporary lockout", .throttled), ("EService:Unavailable", .unavailable),
        ("EService:Busy", .unavailable), ("EGeneral:Internal error", .unavailable),
        ("EQuery:Unknown asset pair", .unintelligible),
    ]
    private static let kucoin: [(Int, Int, Kind)] = [
        (400, 400003, .key), (400, 400004, .key), (400, 400005, .key), (403, 411100, .unavailable),
        (400, 400006, .address), (400, 400007, .permission), (400, 400002, .clock), (429, 429000, .throttled),
        (200, 500000, .unavailable), (400, 900001, .unintelligible),
    ]

    private static let gate: [(Int, String, Kind)] = [
        (401, "INVALID_KEY", .key), (401, "INVALID_SIGNATURE", .key), (401, "INVALID_CREDENTIALS", .key),
        (403, "IP_FORBIDDEN", .address), (403, "FORBIDDEN", .permission), (403, "READ_ONLY", .permission),
        (403, "REQUEST_EXPIRED", .clock), (429, "TOO_MANY_REQUESTS", .throttled),
        (400, "TOO_FAST", .throttled), (403, "ACCOUNT_LOCKED", .unavailable),
        (500, "SERVER_ERROR", .unavailable), (400, "INVALID_PARAM_VALUE", .unintelligible),
    ]
    private static let bitget: [(Int, String, Kind)] = [
        (400, "40006", .key), (400, "40037", .key), (400, "40009", .key), (400, "40012", .key),
        (400, "40099", .key), (400, "40085", .keyOrAddress), (400, "40018", .address),
        (400, "40014", .permission), (400, "40008", .clock), (400, "40005", .clock),
        (429, "429", .throttled), (400, "40308", .unavailable), (400, "40013", .unavailable),
        (400, "40017", .unintelligible),
    ]
    private static let mexc: [(Int, Int, Kind)] = [
        (400, 10072, .key), (400, 700002, .key), (400, 700001, .key), (400, 700006, .address),
        (400, 700007, .permission), (400, 700003, .clock), (400, 10073, .clock), (429, 429, .throttled),
        (400, 510, .throttled), (503, 503, .unavailable), (400, 10007, .unintelligible),
    ]

    @Test func `what Gate, Bitget and MEXC say is understood`() throws {
        for (status, label, kind) in Self.gate {
            #expect(said(.gate, status, #"{"label":"\#(label)","message":"words"}"#) == kind, "\(label)")
        }
        let elsewhere = #"{"label":"FORBIDDEN","message":"Request IP not in whitelist: 203.0.113.7"}"#
        #expect(said(.gate, 403, elsewhere) == .address)
        for (status, code, kind) in Self.bitget {
            #expect(
                said(.bitget, status, #"{"code":"\#(code)","msg":"words","data":null}"#) == kind, "\(code)")
        }
        for (status, code, kind) in Self.mexc {
            #expect(said(.mexc, status, #"{"code":\#(code),"msg":"words"}"#) == kind, "\(code)")
        }
    }

    @Test func `an exchange's own words are understood`() throws {
        for (status, code, kind) in Self.binance {
            #expect(said(.binance, status, #"{"code":\#(code),"msg":"words"}"#) == kind, "\(code)")
        }
        for (status, code, kind) in Self.bybit {
            let body = #"{"retCode":\#(code),"retMsg":"words","result":{},"retExtInfo":{},"time":1}"#
            #expect(said(.bybit, status, body) == kind, "\(code)")
        }
        for (status, code, kind) in Self.okx {
            #expect(said(.okx, status, #"{"code":"\#(code)","data":[],"msg":"words"}"#) == kind, "\(code)")
        }
        for (code, kind) in Self.kraken {
            #expect(said(.kraken, 200, #"{"error":["\#(code)"]}"#) == kind, "\(code)")
        }
        for (status, code, kind) in Self.kucoin {
            #expect(said(.kucoin, status, #"{"code":"\#(code)","msg":"words"}"#) == kind, "\(code)")
        }
        let missing = #"{"error":"PERMISSION_DENIED","error_details":"Missing required scopes"}"#
        #expect(said(.coinbase, 401, "Unauthorized\n") == .key)
        #expect(said(.coinbase, 403, missing) == .permission)
    }

    @Test func `where the exchange says nothing known, the status speaks`() {
        for exchange in ExchangeName.allCases {
            for body in ["", "<html>Bad gateway</html>", "{}"] {
                #expect(said(exchange, 429, body) == .throttled)
                for status in [500, 502, 503, 504, 520] {
                    #expect(said(exchange, status, body) == .unavailable)
                }
                #expect(said(exchange, 451, body) == .unavailable)
                for status in [200, 204, 301, 404] {
                    #expect(said(exchange, status, body) == .unintelligible)
                }
            }
            if exchange != .coinbase { #expect(said(exchange, 403, "<html>") == .unavailable) }
        }
    }

    @Test func `the time to wait is passed on`() throws {
        let answer = ProbeAnswer(status: 418, retryAfterSeconds: 77, body: Array(#"{"code":-1003}"#.utf8))
        #expect(throws: ProbeRefusal.throttled(retryAfterSeconds: 77)) {
            try Binance().permissions(from: answer)
        }
        let page = ProbeAnswer(status: 429, retryAfterSeconds: 5, body: [])
        #expect(throws: ProbeRefusal.throttled(retryAfterSeconds: 5)) { try OKX().permissions(from: page) }
        let lockout = ProbeAnswer(status: 200, body: Array(#"{"error":["EGeneral:Temporary lockout"]}"#.utf8))
        #expect(throws: ProbeRefusal.throttled(retryAfterSeconds: 900)) {
            try Kraken().permissions(from: lockout)
        }
    }

    @Test func `the exchange's words come along, bounded and on one line`() throws {
        let message = "Invalid\\r\\n\\u001b[31mkey " + String(repeating: "x", count: 500)
        let answer = ProbeAnswer(status: 400, body: Array(#"{"code":-2014,"msg":"\#(message)"}"#.utf8))
        do throws(ProbeRefusal) {
            _ = try Binance().permissions(from: answer)
            Issue.record("a refusal was read as an answer")
        } catch {
            guard case .keyRefused(let words) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(words.code == "-2014" && words.message.hasPrefix("Invalid   [31mkey xxx"))
            #expect(words.message.count == 200)
        }
    }

    @Test func `only an exchange's word that there is no such key proves that it is gone`() {
        let words = ProbeRefusal.Words("10003", "words")
        let bybit = Bybit()
        let others: [ProbeRefusal] = [
            .addressRefused(words), .keyOrAddressRefused(words), .permissionMissing(words),
            .clockRefused(words), .keyRefused(ProbeRefusal.Words("10004", "a wrong signature")),
            .keyRefused(ProbeRefusal.Words("10007", "disabled, which can be undone")),
            .throttled(retryAfterSeconds: nil), .unavailable(status: 500), .unintelligible(status: 200),
        ]
        #expect(ProbeRefusal.keyRefused(words).wordsOfNoKey(by: bybit) == words)
        #expect(others.allSatisfy { $0.wordsOfNoKey(by: bybit) == nil })
        let proving = ExchangeName.allCases.filter(\.tellsOfNoKey)
        #expect(proving == [.binance, .bybit, .okx, .kraken, .kucoin, .gate, .bitget, .mexc])
    }

    @Test func `a deletion is done when the exchange says so, and not by any other answer`() throws {
        let bybit = Bybit()
        let refusal = { (status: Int, body: String) in
            bybit.refusal(ofDeletion: ProbeAnswer(status: status, body: Array(body.utf8)))
        }
        #expect(refusal(200, #"{"retCode":0,"retMsg":"","result":{}}"#) == nil)
        #expect(refusal(200, "{}") == .unintelligible(status: 200))
        #expect(refusal(502, #"{"retCode":0}"#) == .unintelligible(status: 502))
        guard case .permissionMissing? = refusal(200, #"{"retCode":10005,"retMsg":"no"}"#) else {
            Issue.record("a missing permission was not seen")
            return
        }
    }

    private func said(_ exchange: ExchangeName, _ status: Int, _ body: String) -> Kind? {
        do throws(ProbeRefusal) {
            _ = try exchange.adapter.permissions(from: ProbeAnswer(status: status, body: Array(body.utf8)))
            return nil
        } catch {
            return switch error {
            case .keyRefused: .key
            case .addressRefused: .address
            case .keyOrAddressRefused: .keyOrAddress
            case .permissionMissing: .permission
            case .clockRefused: .clock
            case .throttled: .throttled
            case .unavailable: .unavailable
            case .unintelligible: .unintelligible
            }
        }
    }
}
