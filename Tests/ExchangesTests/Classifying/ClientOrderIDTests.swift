import JSON
import Testing

@testable import Exchanges

/// Ids that are put into orders without one, and nothing else is touched.
@Suite struct ClientOrderIDTests {
    /// 00…, 11…, 22… as ids.
    private final class Chance {
        private var next: UInt8 = 0

        func bytes() -> [UInt8] {
            defer { next += 0x11 }
            return Array(repeating: next, count: 16)
        }
    }

    private func named(
        _ exchange: ExchangeName, _ line: String, _ text: String
    ) throws -> (text: String, ids: [String]) {
        let classifier = exchange.classifier
        let chance = Chance()
        let draft = try classifier.draft(of: RequestClassifier.request(line, text))
        let (named, ids) = try classifier.withClientOrderID(draft) { chance.bytes() }
        // What the ids are for: whoever reads the request finds them.
        #expect(classifier.meaning(of: named).problems.isEmpty)
        #expect(classifier.meaning(of: named).orders.compactMap(\.clientOrderID) == ids)
        switch named.body {
        case .json(let bytes): return (String(decoding: bytes, as: UTF8.self), ids)
        case .form(let fields): return (fields.written, ids)
        case .none: return (named.query.written, ids)
        }
    }

    private static let zeros = String(repeating: "0", count: 32)
    private static let ones = String(repeating: "1", count: 32)

    @Test func `an order gets one where its exchange takes it`() throws {
        let form = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=%31"
        let binance = try named(.binance, "POST spot /api/v3/order", form)
        #expect(binance.text == form + "&newClientOrderId=" + Self.zeros)
        #expect(try named(.binance, "POST spot /api/v3/order", "?" + form).text == binance.text)
        let kraken = try named(
            .kraken, "POST spot /0/private/AddOrder", "ordertype=market&type=buy&volume=1&pair=X")
        #expect(kraken.text == "ordertype=market&type=buy&volume=1&pair=X&cl_ord_id=" + Self.zeros)
        let okx = try named(
            .okx, "POST main /api/v5/trade/order",
            #" { "instId":"A-B", "tdMode":"cash","side":"buy","ordType":"market" ,"sz":"1"}"#)
        #expect(
            okx.text == #" {"clOrdId":"\#(Self.zeros)", "instId":"A-B", "tdMode":"cash","side":"buy","#
                + #""ordType":"market" ,"sz":"1"}"#)
        #expect(okx.ids == [Self.zeros])
    }

    @Test func `Gate's begins as Gate wants, and is as long as Gate allows`() throws {
        let body = #"{"currency_pair":"A_B","side":"buy","amount":"1","price":"2"}"#
        let gate = try named(.gate, "POST main /api/v4/spot/orders", body)
        #expect(gate.ids == ["t-" + String(repeating: "0", count: 28)])
    }

    @Test func `an order that has one keeps it, and its bytes`() throws {
        let body =
            #"{"category":"spot", "symbol":"A","side":"Buy","orderType":"Market","qty":"1","#
            + #""orderLinkId":"mine"}"#
        let bybit = try named(.bybit, "POST main /v5/order/create", body)
        #expect(bybit.text == body && bybit.ids == ["mine"])
        let form = "symbol=A&newClientOrderId=mine&side=BUY&type=MARKET&quantity=1"
        let binance = try named(.binance, "POST spot /api/v3/order", form)
        #expect(binance.text == form && binance.ids == ["mine"])
    }

    @Test func `an empty one is as good as none`() throws {
        let body =
            #"{"category":"spot","symbol":"A","side":"Buy","orderType":"Market","qty":"1","orderLinkId":""}"#
        let bybit = try named(.bybit, "POST main /v5/order/create", body)
        #expect(bybit.ids == [Self.zeros])
        let binance = try named(
            .binance, "POST spot /api/v3/order", "newClientOrderId=&symbol=A&side=BUY&type=MARKET&quantity=1")
        #expect(binance.text == "symbol=A&side=BUY&type=MARKET&quantity=1&newClientOrderId=" + Self.zeros)
    }

    @Test func `every order of a batch has one`() throws {
        let row = #"{"symbol":"A","side":"Buy","orderType":"Market","qty":"1"}"#
        let mine = row.replacing("}", #","orderLinkId":"x"}"#)
        let bybit = try named(
            .bybit, "POST main /v5/order/create-batch",
            #"{"category":"spot", "request":[ \#(row),\#(mine) , \#(row)]}"#)
        #expect(bybit.ids == [Self.zeros, "x", Self.ones])
        let first = row.replacing("{", #"{"orderLinkId":"\#(Self.zeros)","#)
        let third = row.replacing("{", #"{"orderLinkId":"\#(Self.ones)","#)
        #expect(bybit.text == #"{"category":"spot", "request":[ \#(first),\#(mine) , \#(third)]}"#)
    }

    @Test func `a batch in a list, and one in a form`() throws {
        let row = #"{"instId":"A-B","tdMode":"cash","side":"buy","ordType":"market","sz":"1"}"#
        let okx = try named(.okx, "POST main /api/v5/trade/batch-orders", "[\(row),\(row)]")
        #expect(okx.ids == [Self.zeros, Self.ones])
        let binance = try named(
            .binance, "POST usdm /fapi/v1/batchOrders",
            #"batchOrders=[{"symbol":"A","side":"BUY","type":"MARKET","quantity":"1"}]"#)
        #expect(binance.ids == [Self.zeros])
        #expect(!binance.text.contains("["), "what we change is percent-encoded")
    }

    @Test func `where another name of the order is given, and where none is taken, nothing is put in`() throws
    {
        let kraken = try named(
            .kraken, "POST spot /0/private/AddOrder", "ordertype=market&type=buy&volume=1&pair=X&userref=7")
        #expect(kraken.ids.isEmpty && !kraken.text.contains("cl_ord_id"))
        let cancel = try named(.bybit, "POST main /v5/order/cancel", #"{"category":"spot"}"#)
        #expect(cancel.ids.isEmpty && cancel.text == #"{"category":"spot"}"#)
    }

    @Test
    func `every route that opens one order or a batch takes one, but those whose exchange has no field`() {
        let without = ExchangeName.allCases.flatMap { exchange in
            exchange.classifier.table.routes.filter { route in
                route.operation == .trade && route.method == .post && route.clientOrderID == nil
                    && !["amend", "edit", "modify", "change", "replace", "alter"].contains { word in
                        route.path.lowercased().contains(word)
                    }
            }.map { "\(exchange.rawValue) \($0.path)" }
        }
        #expect(
            Set(without) == [
                "bybit /v5/order/pre-check", "bybit /v5/position/trading-stop",
                "okx /api/v5/trade/order-precheck", "coinbase /api/v3/brokerage/orders/preview",
                "gate /api/v4/spot/price_orders", "gate /api/v4/futures/{settle=usdt|btc}/price_orders",
                "gate /api/v4/delivery/{settle=usdt|btc}/price_orders",
                "bitget /api/v2/mix/order/close-positions", "bitget /api/v2/mix/order/place-tpsl-order",
                "bitget /api/v2/mix/order/place-pos-tpsl", "bitget /api/v3/trade/close-positions",
                "mexc /api/v1/private/planorder/place", "mexc /api/v1/private/planorder/place/v2",
                "mexc /api/v1/private/trackorder/place", "mexc /api/v1/private/stoporder/place",
                "mexc /api/v1/private/position/close_all", "mexc /api/v1/private/order/chase_limit_order",
            ])
    }
}
