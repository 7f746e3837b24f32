import Exchanges
import Kernel
import Testing

@testable import Signing

/// What leaves while the database is gone.
@Suite struct AwayRuleTests {
    private func meaning(
        _ exchange: ExchangeName, _ method: String, _ host: String, _ path: String, _ query: String = "",
        body: String = "", type: String? = nil
    ) throws -> RequestMeaning {
        let incoming = IncomingRequest(
            method, host: host, path: path, query: query, contentType: body.isEmpty ? nil : type,
            body: Array(body.utf8))
        return exchange.classifier.meaning(of: try exchange.classifier.draft(of: incoming))
    }

    @Test func `cancels leave, at every exchange in its own words`() throws {
        let json = "application/json"
        let cancels = try [
            meaning(.binance, "DELETE", "spot", "/api/v3/order", "symbol=BTCUSDT&orderId=1"),
            meaning(.binance, "DELETE", "usdm", "/fapi/v1/allOpenOrders", "symbol=BTCUSDT"),
            meaning(
                .bybit, "POST", "main", "/v5/order/cancel",
                body: #"{"category":"linear","symbol":"BTCUSDT","orderId":"a"}"#, type: json),
            meaning(
                .okx, "POST", "main", "/api/v5/trade/cancel-order",
                body: #"{"instId":"BTC-USDT","ordId":"1"}"#, type: json),
            meaning(
                .kraken, "POST", "spot", "/0/private/CancelAll", body: "",
                type: "application/x-www-form-urlencoded"),
        ]
        for cancel in cancels { #expect(AwayRule.refusal(of: cancel) == nil, "\(cancel)") }
    }

    @Test func `orders that the exchange holds to reducing leave, all others stay`() throws {
        let order = "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.1"
        let exit = try meaning(.binance, "POST", "usdm", "/fapi/v1/order", order + "&reduceOnly=true")
        #expect(AwayRule.refusal(of: exit) == nil)
        for refused in try [
            meaning(.binance, "POST", "usdm", "/fapi/v1/order", order),
            meaning(.binance, "POST", "usdm", "/fapi/v1/order", order + "&reduceOnly=false"),
            // Spot has no such promise.
            meaning(.binance, "POST", "spot", "/api/v3/order", order),
            meaning(.binance, "POST", "spot", "/api/v3/order", order + "&reduceOnly=true"),
            meaning(
                .binance, "POST", "spot", "/api/v3/order/cancelReplace",
                order + "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=1"),
        ] { #expect(AwayRule.refusal(of: refused) != nil, "\(refused)") }
    }

    @Test func `of several orders, all must be exits`() {
        var exit = OrderIntent("BTCUSDT", .sell, .market, on: .linear)
        exit.isReduceOnly = true
        var amended = exit
        amended.replaces = true
        let opening = OrderIntent("BTCUSDT", .buy, .market, on: .linear)
        #expect(AwayRule.refusal(of: RequestMeaning(.trade, orders: [exit, amended])) != nil)
        #expect(AwayRule.refusal(of: RequestMeaning(.trade, orders: [exit, exit])) == nil)
        #expect(AwayRule.refusal(of: RequestMeaning(.trade, orders: [exit, opening])) != nil)
        #expect(AwayRule.refusal(of: RequestMeaning(.trade)) != nil)
        #expect(AwayRule.refusal(of: RequestMeaning(.cancel, orders: [opening])) != nil)
    }

    @Test(arguments: [RequestOperation.read, .stream, .transfer, .withdraw, .admin])
    func `whatever else there is stays`(operation: RequestOperation) {
        #expect(AwayRule.refusal(of: RequestMeaning(operation)) != nil)
    }
}
