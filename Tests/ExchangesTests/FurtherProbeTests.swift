import JSON
import Testing

@testable import Exchanges

/// Gate, Bitget and MEXC: answers as their public documents show them, with values of our own.
@Suite struct FurtherProbeTests {
    private func read(_ exchange: ExchangeName, _ body: String) throws -> ProbedPermissions {
        try exchange.adapter.permissions(from: ProbeAnswer(status: 200, body: Array(body.utf8)))
    }

    @Test func `Gate tells that the key works, and from where`() throws {
        let bound = try read(
            .gate,
            #"""
            {"user_id":1667201533,"ip_whitelist":["203.0.113.7"],"currency_pairs":["USDT_BTC"],"tier":2,
             "key":{"mode":1},"copy_trading_role":0}
            """#)
        #expect(!bound.areTold && bound.granted.isEmpty)
        #expect(bound.isAddressBound == true && bound.addresses == ["203.0.113.7"])
        #expect(bound.uid == "1667201533")
        let open = try read(.gate, #"{"user_id":1,"ip_whitelist":[]}"#)
        #expect(open.isAddressBound == false)
    }

    private func classic(_ authorities: String, ips: String = "") -> String {
        #"""
        {"code":"00000","msg":"success","requestTime":1700000000123,"data":{"userId":"1234567",
         "inviterId":"1","ips":"\#(ips)","authorities":[\#(authorities)],"parentId":1,"traderType":"trader",
         "channelCode":"abc","channel":"def","regisTime":"1246566789345"}}
        """#
    }

    @Test func `Bitget's classic accounts tell authorities and addresses`() throws {
        let reading = try read(.bitget, classic(#""stor","coor""#))
        #expect(reading.list == [.read] && reading.isAddressBound == false && reading.uid == "1234567")
        let trading = try read(.bitget, classic(#""stow","smow","coow","cpow","taxr""#, ips: "203.0.113.7"))
        #expect(trading.list == [.tradeSpot, .tradeMargin, .tradeDerivatives] && trading.others == ["taxr"])
        #expect(trading.addresses == ["203.0.113.7"] && trading.isAddressBound == true && trading.areTold)
        let moving = try read(.bitget, classic(#""wtow","wwow""#))
        #expect(moving.list == [.transfer, .withdraw])
        // Whatever they call it one day.
        #expect(try read(.bitget, classic(#""spot_withdrawal""#)).list == [.withdraw])
    }

    @Test func `Bitget's unified accounts tell permissions, and a read-only key has none of them`() throws {
        let answer = { (kind: String) in
            #"""
            {"code":"00000","msg":"success","data":{"userId":"7","inviterId":"1","parentId":"1","ips":"",
             "permType":"\#(kind)","permissions":["uta_mgt","uta_trade","withdraw"]}}
            """#
        }
        let writing = try read(.bitget, answer("read_and_write"))
        #expect(writing.list == [.read, .tradeSpot, .tradeMargin, .tradeDerivatives, .withdraw])
        #expect(writing.others == ["uta_mgt"])
        #expect(try read(.bitget, answer("read_only")).list == [.read])
        #expect(Bitget().probes(in: .demo).map(\.path).count == 2)
    }

    @Test func `MEXC tells that the key works`() throws {
        let found = try read(
            .mexc,
            #"""
            {"makerCommission":null,"canTrade":true,"canWithdraw":true,"canDeposit":true,"updateTime":null,
             "accountType":"SPOT","balances":[{"asset":"NBNTEST","free":"1111078","locked":"33"}],
             "permissions":["SPOT"]}
            """#)
        #expect(!found.areTold && found.granted.isEmpty && found.isAddressBound == nil)
    }
}
