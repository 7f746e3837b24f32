import JSON
import Kernel
import Testing

@testable import Exchanges

/// Answers as the exchanges' public documents show them, with values of our own.
@Suite struct ProbeTests {
    @Test func `Binance tells flags, restriction, and when trading lapses`() throws {
        let answer = #"""
            {"ipRestrict":false,"createTime":1698645219000,"enableReading":true,"enableWithdrawals":false,
             "enableInternalTransfer":false,"enableMargin":false,"enableFutures":true,
             "permitsUniversalTransfer":true,"enableVanillaOptions":false,"enableFixApiTrade":false,
             "enableFixReadOnly":true,"enableSpotAndMarginTrading":true,
             "enablePortfolioMarginTrading":false,"tradingAuthorityExpirationTime":1706421219000}
            """#
        let found = try read(.binance, answer)
        #expect(found.list == [.read, .tradeSpot, .tradeDerivatives, .transfer])
        #expect(found.isAddressBound == false && found.addresses.isEmpty)
        #expect(found.createdAt?.description == "2023-10-30T05:53:39.000Z")
        #expect(found.expiresAt?.description == "2024-01-28T05:53:39.000Z")
    }

    @Test func `each of Binance's flags has its meaning`() throws {
        let meanings: [(String, KeyPermission?)] = [
            ("enableMargin", .tradeMargin), ("enableFutures", .tradeDerivatives),
            ("enableWithdrawals", .withdraw),
            ("enableVanillaOptions", .tradeDerivatives), ("enableInternalTransfer", .transfer),
            ("permitsUniversalTransfer", .transfer), ("enableSpotAndMarginTrading", .tradeSpot),
            ("enablePortfolioMarginTrading", .tradeDerivatives), ("enableFixApiTrade", .tradeSpot),
            ("enableSomethingNew", nil),
        ]
        for (flag, meaning) in meanings {
            let found = try read(.binance, #"{"ipRestrict":true,"enableReading":false,"\#(flag)":true}"#)
            #expect(found.list == (meaning.map { [$0] } ?? []), "\(flag)")
            #expect(found.isAddressBound == true)
        }
    }

    @Test func `Binance's test network tells that the key works`() throws {
        #expect(Binance().probe(in: .testnet).path == "/api/v3/account")
        let answer =
            #"{"canTrade":true,"canWithdraw":true,"uid":354937868,"permissions":["SPOT"],"balances":[]}"#
        let found = try read(.binance, answer)
        #expect(found.list == [.read, .tradeSpot] && found.uid == "354937868")
        #expect(found.isAddressBound == nil)
    }

    private func bybit(
        readOnly: Int = 0, ips: String = "[]", expires: String = "1970-01-01T00:00:00Z", _ permissions: String
    ) -> String {
        #"""
        {"retCode":0,"retMsg":"","result":{"id":"13770661","note":"bot","apiKey":"XXXXXX",
         "readOnly":\#(readOnly),
         "secret":"","permissions":{\#(permissions)},"ips":\#(ips),"type":1,"deadlineDay":-2,
         "expiredAt":"\#(expires)","createdAt":"2025-10-13T03:20:45Z","unified":0,"uta":1,"userID":24617703,
         "inviterID":0,"vipLevel":"No VIP","mktMakerLevel":"0","affiliateID":0,"rsaPublicKey":"",
         "isMaster":true,"parentUid":"0","kycLevel":"LEVEL_DEFAULT","kycRegion":""},"retExtInfo":{},
         "time":1700000000123}
        """#
    }

    @Test func `Bybit tells groups, addresses and expiry`() throws {
        let groups = #"""
            "ContractTrade":["Order","Position"],"Spot":["SpotTrade"],
            "Wallet":["AccountTransfer","SubMemberTransferList"],"Options":[],"Derivatives":[],
            "Earn":["Earn"],
            "Affiliate":[],"FiatP2P":["FiatP2POrder"]
            """#
        let found = try read(.bybit, bybit(ips: #"["203.0.113.7","198.51.100.0/24"]"#, groups))
        #expect(found.list == [.read, .tradeSpot, .tradeDerivatives, .transfer])
        #expect(found.others == ["Earn:Earn", "FiatP2P:FiatP2POrder"])
        #expect(found.isAddressBound == true && found.addresses == ["203.0.113.7", "198.51.100.0/24"])
        #expect(found.expiresAt == nil && found.uid == "24617703")
        #expect(found.createdAt?.description == "2025-10-13T03:20:45.000Z")
        let open = try read(.bybit, bybit(ips: #"["*"]"#, expires: "2026-01-11T03:20:45Z", groups))
        #expect(open.isAddressBound == false && open.addresses.isEmpty)
        #expect(open.expiresAt?.description == "2026-01-11T03:20:45.000Z")
    }

    @Test func `a read-only key of Bybit lists what it cannot do`() throws {
        let groups = #""Spot":["SpotTrade"],"Wallet":["Withdraw"]"#
        #expect(try read(.bybit, bybit(readOnly: 1, groups)).list == [.read])
        #expect(try read(.bybit, bybit(groups)).list == [.read, .tradeSpot, .withdraw])
    }

    private func okx(perm: String, ip: String) -> String {
        #"""
        {"code":"0","data":[{"acctLv":"2","acctStpMode":"cancel_maker","autoLoan":false,"ip":"\#(ip)",
         "kycLv":"3","label":"bot","level":"Lv1","mainUid":"44705892343619584","perm":"\#(perm)",
         "posMode":"long_short_mode","roleType":"0","type":"0","uid":"44705892343619584"}],"msg":""}
        """#
    }

    @Test func `OKX tells permissions and addresses; without addresses a key that acts lapses`() throws {
        let reading = try read(.okx, okx(perm: "read_only", ip: ""))
        #expect(reading.list == [.read] && reading.lapsesWhenUnusedFor == nil)
        #expect(reading.isAddressBound == false && reading.uid == "44705892343619584")
        let trading = try read(.okx, okx(perm: "read_only,trade", ip: ""))
        #expect(trading.list == [.read, .tradeSpot, .tradeMargin, .tradeDerivatives, .transfer])
        #expect(trading.lapsesWhenUnusedFor == .days(14))
        let bound = try read(.okx, okx(perm: "read_only,withdraw,novelty", ip: "203.0.113.7,2001:db8::1"))
        #expect(bound.list == [.read, .withdraw] && bound.others == ["novelty"])
        #expect(bound.lapsesWhenUnusedFor == nil && bound.addresses == ["203.0.113.7", "2001:db8::1"])
        #expect(bound.accountMode == "2")
    }

    @Test func `Kraken tells permissions, addresses and end`() throws {
        let answer = #"""
            {"error":[],"result":{"apiKeyName":"bot","apiKey":"key","nonce":"1772616230640","nonceWindow":0,
             "permissions":["query-funds","modify-trades","create-ws-token","earn-funds"],
             "validUntil":"1803600000",
             "iban":"AA00 N00N XXXX XXXX","queryFrom":"0","queryTo":"0","createdTime":"1772542900",
             "modifiedTime":"1772543095","ipAllowlist":["203.0.113.7"],"lastUsed":null}}
            """#
        let found = try read(.kraken, answer)
        #expect(found.list == [.read, .tradeSpot] && found.others == ["create-ws-token", "earn-funds"])
        #expect(found.addresses == ["203.0.113.7"] && found.isAddressBound == true)
        #expect(found.expiresAt?.seconds == 1_803_600_000 && found.createdAt?.seconds == 1_772_542_900)
        let other = #"{"error":[],"result":{"permissions":["withdraw-funds","margin-x"],"validUntil":"0"}}"#
        let open = try read(.kraken, other)
        #expect(
            open.list == [.tradeMargin, .withdraw] && open.isAddressBound == false && open.expiresAt == nil)
    }

    @Test func `Coinbase tells three flags and the portfolio`() throws {
        let answer = #"""
            {"can_view":true,"can_trade":false,"can_transfer":false,
             "portfolio_uuid":"6ea6d4a5-0c3f-4f2c-b0f1",
             "portfolio_type":"DEFAULT"}
            """#
        let found = try read(.coinbase, answer)
        #expect(found.list == [.read] && found.uid == "6ea6d4a5-0c3f-4f2c-b0f1")
        #expect(found.isAddressBound == nil)
        let all = try read(.coinbase, #"{"can_view":true,"can_trade":true,"can_transfer":true}"#)
        #expect(all.list == [.read, .tradeSpot, .tradeDerivatives, .transfer, .withdraw])
    }

    @Test func `KuCoin tells names and masked addresses`() throws {
        let answer = #"""
            {"code":"200000","data":{"remark":"bot","apiKey":"6705f5c311545b000157d3eb","apiVersion":3,
             "permission":"General,Futures,Spot,Earn,InnerTransfer","ipWhitelist":"203.**.154,103.**.34",
             "createdAt":1728443843000,"uid":165111215,"isMaster":true}}
            """#
        let found = try read(.kucoin, answer)
        #expect(found.list == [.read, .tradeSpot, .tradeDerivatives, .transfer] && found.others == ["Earn"])
        #expect(found.addresses == ["203.**.154", "103.**.34"] && found.uid == "165111215")
        #expect(found.createdAt?.description == "2024-10-09T03:17:23.000Z")
        let open = try read(.kucoin, #"{"code":"200000","data":{"permission":"General, Transfer"}}"#)
        #expect(open.list == [.read, .transfer, .withdraw] && open.isAddressBound == false)
    }

    @Test func `addresses admit, refuse, or cannot be told`() throws {
        let (here, there) = (try #require(IPAddress("203.0.113.7")), try #require(IPAddress("203.0.113.8")))
        let bound = try read(.okx, okx(perm: "trade", ip: "203.0.113.7"))
        #expect(bound.admits(here) == true && bound.admits(there) == false)
        #expect(try read(.okx, okx(perm: "trade", ip: "")).admits(there) == true)
        let masked = #"{"code":"200000","data":{"permission":"General","ipWhitelist":"203.**.7"}}"#
        #expect(try read(.kucoin, masked).admits(here) == nil)
        #expect(try read(.binance, #"{"ipRestrict":true,"enableReading":true}"#).admits(here) == nil)
        #expect(try read(.coinbase, #"{"can_view":true}"#).admits(here) == nil)
    }

    @Test func `the whole answer is kept, and its texts are bounded and on one line`() throws {
        let long = String(repeating: "x", count: 300)
        let answer =
            #"{"code":"200000","data":{"permission":"General","uid":"a\nb\u001b","ipWhitelist":"\#(long)"}}"#
        let found = try read(.kucoin, answer)
        #expect(found.uid == "a b " && found.addresses.map(\.count) == [200])
        #expect(try JSONValue.parse(found.raw)["data"]?["permission"] == .string("General"))
    }

    @Test func `only Bybit deletes a key by itself`() throws {
        let draft = try #require(ExchangeName.bybit.adapter.deletion(apiKey: "key"))
        #expect((draft.method, draft.path) == (.post, "/v5/user/delete-api"))
    }

    private func read(_ exchange: ExchangeName, _ body: String) throws -> ProbedPermissions {
        try exchange.adapter.permissions(from: ProbeAnswer(status: 200, body: Array(body.utf8)))
    }
}
