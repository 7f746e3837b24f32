import Exchanges
import JSON
import Kernel
import Signing
import Testing

@Suite struct PolicyDocumentTests {
    private static let full = """
        {"operations":["read","trade","cancel","stream"],"ways":["proxy","sign"],"hosts":["spot","usdm"],\
        "cidrs":["10.1.0.0/16","2001:db8::/32"],"orders":{"symbols":["BTCUSDT","ETH*","*-PERP"],\
        "sides":["buy","sell"],"types":["limit","limit_maker"],"time_in_force":["gtc","post_only"],\
        "max_leverage":"3","margin_modes":["isolated"],"instruments":["spot","linear"],\
        "max_notional":{"amount":"5000","currency":"USD"},"max_price_distance_percent":"2.5",\
        "applies_to":"all"},"withdrawals":{"destinations":[{"asset":"BTC","network":"BTC",\
        "address":"bc1q","tag":"7"},{"asset":"ETH","address":"0x1"}]},"hours":{"windows":\
        [{"days":["mon","fri"],"from":"08:00","to":"24:00","time_zone":"+02:00"}],"applies_to":"all"},\
        "limits":[{"count":"notional","max":{"amount":"200000.5","currency":"USD"},"per":"24h"},\
        {"count":"requests","max":"1000","per":"1m","operations":["read","trade"],"of":"key",\
        "applies_to":"all"},{"count":"orders","max":"10","per":"31d","symbols":["BTC*"]}],\
        "when":{"expression":"request.operation == \\"read\\" || key.tags == []","applies_to":"all"},\
        "deny":[{"name":"night","when":"now.getHours(\\"UTC\\") > 22"},{"name":"thin",\
        "when":"request.order.symbol == \\"X\\"","applies_to":"opening"}],\
        "log_only":["cidrs","limits.2","deny.night","orders.sides"],"streams":{"read_only":false},\
        "reveals":true}
        """

    @Test func `a document with everything is written as it was read`() throws {
        let policy = try Made.policy(Self.full)
        #expect(String(decoding: policy.canonicalBytes, as: UTF8.self) == Self.full)
        #expect(try Policy(Fields(policy.canonicalBytes), of: .key) == policy)
        #expect(policy.limits[0].max == 200_000_500_000)
    }

    @Test func `the tour's document is read`() throws {
        let policy = try Made.policy(
            """
            {"operations":["read","trade","cancel"],"ways":["proxy","sign"],"cidrs":["10.1.0.0/16"],
             "orders":{"symbols":["BTCUSDT"],"sides":["buy","sell"],"types":["limit","limit_maker"],
             "max_notional":{"amount":"5000","currency":"USD"},"max_price_distance_percent":"3"},
             "limits":[{"count":"notional","max":{"amount":"200000","currency":"USD"},"per":"24h"},
             {"count":"requests","max":"1000","per":"1m"}],
             "when":"request.order.reduce_only || now.getHours('UTC') < 22","log_only":[]}
            """)
        #expect(policy.when?.scope == .opening)
        #expect(policy.orders?.maxNotional?.description == "5000 USD")
    }

    @Test func `null is as good as missing, but a key's operations must be there`() throws {
        let nothing = try Made.policy(#"{"operations":null,"orders":null,"when":null}"#, of: .desk)
        #expect(nothing == Policy())
        #expect(nothing.canonicalBytes == Array("{}".utf8))
        #expect(try Made.mistakes(#"{"operations":null}"#) == ["/operations missing"])
        #expect(try Made.mistakes("{}") == ["/operations missing"])
        #expect(try Made.mistakes("{}", of: .account) == [])
    }

    @Test(arguments: [
        (#""operations":["reed"]"#, "/operations/0 not_a_choice"),
        (#""operations":["read","read"]"#, "/operations/1 duplicate"),
        (#""operations":"read""#, "/operations wrong_type"),
        (#""ways":[]"#, "/ways too_few"),
        (#""hosts":["spit"]"#, "/hosts/0 malformed"),
        (#""hosts":[]"#, "/hosts too_few"),
        (#""cidrs":["10.1.0.1/16"]"#, "/cidrs/0 malformed"),
        (#""orders":{"symbols":["*"]}"#, "/orders/symbols/0 malformed"),
        (#""orders":{"symbols":["A*B"]}"#, "/orders/symbols/0 malformed"),
        (#""orders":{"symbols":["A B"]}"#, "/orders/symbols/0 malformed"),
        (#""orders":{"sides":["both"]}"#, "/orders/sides/0 not_a_choice"),
        (#""orders":{"max_leverage":"0"}"#, "/orders/max_leverage malformed"),
        (#""orders":{"max_leverage":3}"#, "/orders/max_leverage wrong_type"),
        (
            #""orders":{"max_notional":{"amount":"1e3","currency":"USD"}}"#,
            "/orders/max_notional/amount malformed"
        ),
        (
            #""orders":{"max_notional":{"amount":"1","currency":"EUR"}}"#,
            "/orders/max_notional/currency not_a_choice"
        ),
        (#""orders":{"max_notional":"5000"}"#, "/orders/max_notional wrong_type"),
        (#""orders":{"max_price_distance_percent":"-1"}"#, "/orders/max_price_distance_percent malformed"),
        (#""orders":{"applies_to":"some"}"#, "/orders/applies_to not_a_choice"),
        (#""orders":{"symbol":["A"]}"#, "/orders/symbol unknown_field"),
        (#""withdrawals":{}"#, "/withdrawals/destinations missing"),
        (#""withdrawals":{"destinations":[{"asset":"BTC"}]}"#, "/withdrawals/destinations/0/address missing"),
        (#""hours":{"windows":[]}"#, "/hours/windows too_few"),
        (#""hours":{"windows":[{"from":"24:00","to":"08:00"}]}"#, "/hours/windows/0/from out_of_range"),
        (#""hours":{"windows":[{"from":"8:00","to":"09:00"}]}"#, "/hours/windows/0/from malformed"),
        (#""hours":{"windows":[{"from":"08:00"}]}"#, "/hours/windows/0/to missing"),
        (
            #""hours":{"windows":[{"from":"08:00","to":"09:00","time_zone":"Europe/Paris"}]}"#,
            "/hours/windows/0/time_zone malformed"
        ),
        (#""limits":[{"count":"notional","max":"5","per":"1h"}]"#, "/limits/0/max wrong_type"),
        (
            #""limits":[{"count":"notional","max":{"amount":"0.0000001","currency":"USD"},"per":"1h"}]"#,
            "/limits/0/max/amount malformed"
        ),
        (
            #""limits":[{"count":"notional","max":{"amount":"99999999999999","currency":"USD"},"per":"1h"}]"#,
            "/limits/0/max/amount malformed"
        ),
        (#""limits":[{"count":"requests","max":"1.5","per":"1h"}]"#, "/limits/0/max malformed"),
        (#""limits":[{"count":"requests","max":5,"per":"1h"}]"#, "/limits/0/max wrong_type"),
        (#""limits":[{"count":"requests","max":"5","per":"59s"}]"#, "/limits/0/per malformed"),
        (#""limits":[{"count":"requests","max":"5","per":"32d"}]"#, "/limits/0/per malformed"),
        (#""limits":[{"count":"requests","max":"5"}]"#, "/limits/0/per missing"),
        (#""limits":[{"count":"orders","max":"5","per":"1h","of":"desk"}]"#, "/limits/0/of not_a_choice"),
        (
            #""limits":[{"count":"requests","max":"5","per":"1h","operations":["read"]}]"#,
            "/limits/0/operations not_allowed"
        ),
        (#""when":"request.odrer.reduce_only""#, "/when invalid_expression"),
        (#""when":"1""#, "/when invalid_expression"),
        (
            #""when":{"expression":"request.order.reduce_only","applies_to":"all"}"#,
            "/when/expression invalid_expression"
        ),
        (#""when":{"applies_to":"all"}"#, "/when/expression missing"),
        (#""when":"request.operation == 'read'""#, "/when invalid_expression"),
        (#""when":7"#, "/when wrong_type"),
        (#""deny":[{"name":"A","when":"true"}]"#, "/deny/0/name malformed"),
        (#""deny":[{"name":"a","when":"true"},{"name":"a","when":"true"}]"#, "/deny/1 duplicate"),
        (#""deny":[{"name":"a","when":"request.order.replaces"}]"#, "/deny/0/when invalid_expression"),
        (#""deny":[{"when":"true"}]"#, "/deny/0/name missing"),
        (#""log_only":["cidrs"]"#, "/log_only/0 not_a_choice"),
        (#""log_only":["operations"]"#, "/log_only/0 not_a_choice"),
        (#""log_only":["request"]"#, "/log_only/0 not_a_choice"),
        (#""when":"true","log_only":["when","when"]"#, "/log_only/1 duplicate"),
        (#""streams":{"read_only":"yes"}"#, "/streams/read_only wrong_type"),
        (#""reveals":1"#, "/reveals wrong_type"),
        (#""operation":["read"]"#, "/operation unknown_field"),
    ])
    func `a mistake is told at its place`(text: String, expected: String) throws {
        let isComplete = text.hasPrefix(#""operations""#)
        let document = "{" + (isComplete ? "" : #""operations":["read"],"#) + text + "}"
        #expect(try Made.mistakes(document) == [expected])
    }

    @Test func `all mistakes are told at once`() throws {
        let found = try Made.mistakes(
            #"{"ways":["x"],"hours":{"windows":[{"from":"1","to":"2"}]},"reveals":7}"#)
        #expect(found.count == 5)
    }

    @Test func `lists, limits, rules and the whole are bounded`() throws {
        func list(_ count: Int, _ element: (Int) -> String) -> String {
            "[" + (0..<count).map(element).joined(separator: ",") + "]"
        }
        let start = #"{"operations":["read"],"#
        let symbols = list(201) { "\"S\($0)\"" }
        #expect(
            try Made.mistakes(start + "\"orders\":{\"symbols\":\(symbols)}}") == ["/orders/symbols too_many"])
        let limits = list(17) { _ in #"{"count":"orders","max":"1","per":"1h"}"# }
        #expect(try Made.mistakes(start + "\"limits\":\(limits)}") == ["/limits too_many"])
        let rules = list(33) { "{\"name\":\"r\($0)\",\"when\":\"true\"}" }
        #expect(try Made.mistakes(start + "\"deny\":\(rules)}") == ["/deny too_many"])
        let long = list(32) {
            let text = String(repeating: "a", count: 4_000)
            return "{\"name\":\"r\($0)\",\"when\":\"'\(text)' == ''\"}"
        }
        #expect(try Made.mistakes(start + "\"deny\":\(long)}") == [" too_long"])
    }

    @Test(arguments: [
        ("BTCUSDT", "BTCUSDT", true), ("BTCUSDT", "BTCUSDTX", false), ("BTCUSDT", "btcusdt", false),
        ("BTC*", "BTC", true), ("BTC*", "BTC-PERP", true), ("BTC*", "XBTC", false),
        ("*USDT", "BTCUSDT", true),
        ("*USDT", "USDT", true), ("*USDT", "USDTX", false), ("BTC*", "BT", false),
    ])
    func `a pattern takes what it says`(pattern: String, symbol: String, isMatch: Bool) throws {
        #expect(try #require(SymbolPattern(pattern)).matches(symbol) == isMatch)
    }

    @Test(arguments: [
        // A Monday at noon, in UTC.
        (#"{"from":"11:00","to":"13:00"}"#, true), (#"{"from":"12:00","to":"12:01"}"#, true),
        (#"{"from":"11:00","to":"12:00"}"#, false), (#"{"from":"00:00","to":"24:00","days":["mon"]}"#, true),
        (#"{"from":"00:00","to":"24:00","days":["tue","sun"]}"#, false),
        (#"{"from":"13:00","to":"15:00","time_zone":"+02:00"}"#, true),
        (#"{"from":"07:00","to":"08:00","time_zone":"-04:30"}"#, true),
        (#"{"from":"22:00","to":"13:00","days":["sun"]}"#, true),
        (#"{"from":"22:00","to":"13:00","days":["mon"]}"#, false),
        (#"{"from":"11:00","to":"10:00","days":["mon"]}"#, true),
        (#"{"from":"12:00","to":"12:00","days":["mon"]}"#, true),
        (#"{"from":"01:00","to":"03:00","days":["tue"],"time_zone":"+14:00"}"#, true),
    ])
    func `a window holds its times, past midnight too`(window: String, isInside: Bool) throws {
        let policy = try Made.policy("{\"hours\":{\"windows\":[\(window)]}}", of: .desk)
        #expect(try #require(policy.hours).contains(Made.noon) == isInside)
    }
}
