import Exchanges
import JSON
import Kernel
import Signing
import Testing

@Suite struct PolicyChangeTests {
    private func changes(_ old: String?, _ new: String) throws -> [String] {
        let before = try old.map { try Made.policy($0, of: .desk) }
        return try Made.policy(new, of: .desk).diff(from: before).map { change in
            var w = JSONWriter()
            w.value(change)
            return w.text
        }
    }

    @Test func `what was added, removed and changed is told at its place`() throws {
        let old =
            #"{"operations":["read","trade"],"ways":["proxy"],"orders":{"max_leverage":"3"},"reveals":true}"#
        let new =
            #"{"operations":["trade","cancel"],"orders":{"max_leverage":"2"},"reveals":true,"when":"true"}"#
        #expect(
            try changes(old, new) == [
                #"{"change":"removed","pointer":"/ways","before":["proxy"],"after":null}"#,
                #"{"change":"removed","pointer":"/operations/0","before":"read","after":null}"#,
                #"{"change":"added","pointer":"/operations/1","before":null,"after":"cancel"}"#,
                #"{"change":"changed","pointer":"/orders/max_leverage","before":"3","after":"2"}"#,
                #"{"change":"added","pointer":"/when","before":null,"after":"true"}"#,
            ])
    }

    @Test func `the order of a list of names says nothing, and that of limits does`() throws {
        #expect(try changes(#"{"operations":["read","trade"]}"#, #"{"operations":["trade","read"]}"#) == [])
        let a = #"{"count":"orders","max":"1","per":"1m"}"#
        let b = #"{"count":"orders","max":"2","per":"1m"}"#
        #expect(
            try changes("{\"limits\":[\(a)]}", "{\"limits\":[\(b),\(a)]}") == [
                #"{"change":"changed","pointer":"/limits/0/max","before":"1","after":"2"}"#,
                "{\"change\":\"added\",\"pointer\":\"/limits/1\",\"before\":null,\"after\":\(a)}",
            ])
    }

    @Test func `a first policy is all added`() throws {
        #expect(
            try changes(nil, #"{"reveals":false}"#) == [
                #"{"change":"added","pointer":"/reveals","before":null,"after":false}"#
            ])
        #expect(try changes(nil, "{}") == [])
    }

    // MARK: Ready policies

    @Test(arguments: ReadyPolicy.allCases)
    func `a ready policy is a document with its blanks filled in`(ready: ReadyPolicy) throws {
        let isTrading = ready.parameters.contains(.symbols)
        let blanks =
            isTrading
            ? """
            {"symbols":["BTCUSDT"],"max_notional":"5000","daily_notional":"20000.5",
             "cidrs":["10.1.0.0/16"]}
            """
            : #"{"cidrs":["10.1.0.0/16"]}"#
        let policy = try ready.policy(Fields(Array(blanks.utf8)))
        #expect(try Policy(Fields(policy.canonicalBytes), of: .key) == policy)
        #expect(!ready.sentence.isEmpty && policy.cidrs?.count == 1)
        let set = PolicySet(key: PolicyInForce(.key, version: 1, policy))
        #expect(set.judge(Made.facts(RequestMeaning(.read))).isAllowed)
        #expect(set.judge(Made.facts([Made.order()])).isAllowed == isTrading)
        #expect(!set.judge(Made.facts([Made.order(quantity: "1")])).isAllowed)
        #expect(!set.judge(Made.facts([Made.order(.buy, .limit, "BTCEUR")])).isAllowed)
        #expect(!set.judge(Made.facts(RequestMeaning(.admin))).isAllowed)
    }

    @Test func `blanks that are missing, wrong or not asked for are told`() throws {
        func pointers(_ ready: ReadyPolicy, _ blanks: String) throws -> [String] {
            do {
                _ = try ready.policy(Fields(Array(blanks.utf8)))
                return []
            } catch let errors as FieldErrors {
                return errors.errors.map(\.pointer).sorted()
            }
        }
        #expect(try pointers(.spotTrader, "{}") == ["/daily_notional", "/max_notional", "/symbols"])
        #expect(
            try pointers(.rebalancer, #"{"symbols":[],"max_notional":"0","daily_notional":"99999999999999"}"#)
                == ["/daily_notional", "/max_notional", "/symbols"])
        #expect(try pointers(.readOnly, #"{"symbols":["BTCUSDT"]}"#) == ["/symbols"])
        #expect(try pointers(.taxExport, "{}") == [])
    }
}
