import Testing

@testable import Exchanges

@Suite struct KrakenMeaningTests {
    private static let add = "POST spot /0/private/AddOrder"
    private static let limit = "nonce=1&ordertype=limit&type=buy&volume=2&pair=XBTUSD&price=50000"

    private static let orders: [MeaningCase] = [
        .init(add, limit, "trade: XBTUSD buy limit spot 2 @50000"),
        .init(add, limit + "&validate=true", "trade: XBTUSD buy limit spot 2 @50000"),
        .init(add, limit + "&oflags=post,fciq", "trade: XBTUSD buy limit_maker spot 2 @50000 post_only"),
        .init(add, limit + "&timeinforce=IOC&cl_ord_id=a", "trade: XBTUSD buy limit spot 2 @50000 ioc #a"),
        .init(add, limit + "&leverage=3", "trade: XBTUSD buy limit margin 2 @50000 x3"),
        .init(
            add, limit + "&leverage=3%3A1&reduce_only=true",
            "trade: XBTUSD buy limit margin 2 @50000 reduces x3"),
        .init(add, limit + "&reduce_only=true", "trade: XBTUSD buy limit spot 2 @50000"),
        .init(add, limit + "&leverage=none", "trade: XBTUSD buy limit spot 2 @50000"),
        .init(
            add, "ordertype=market&type=buy&volume=100&pair=XBTUSD&oflags=viqc",
            "trade: XBTUSD buy market spot 100q"),
        .init(
            add, "ordertype=stop-loss-limit&type=sell&volume=1&pair=XBTUSD&price=40&price2=39",
            "trade: XBTUSD sell stop_limit spot 1 @39 stop40"),
        .init(
            add, "ordertype=stop-loss&type=sell&volume=1&pair=XBTUSD&price=-5%25",
            "trade: XBTUSD sell stop_market spot 1"),
        .init(
            add, "ordertype=trailing-stop&type=sell&volume=1&pair=XBTUSD&price=%2B5",
            "trade: XBTUSD sell trailing spot 1"),
        .init(add, limit.replacing("50000", "-1%25"), "trade: XBTUSD buy other spot 2"),
        .init(
            add, "ordertype=stop-loss-limit&type=sell&volume=1&pair=XBTUSD&price=40&price2=%231",
            "trade: XBTUSD sell other spot 1 stop40"),
        .init(
            add, "ordertype=market&type=sell&volume=0&pair=XBTUSD&leverage=2",
            "trade: XBTUSD sell market margin reduces closes x2"),
        .init(
            add, "ordertype=settle-position&type=sell&volume=1&pair=XBTUSD&leverage=2",
            "trade: XBTUSD sell market margin 1 reduces closes x2"),
        .init(
            add, limit + "&close[ordertype]=stop-loss-limit&close[price]=40&close[price2]=39",
            "trade: XBTUSD buy limit spot 2 @50000; XBTUSD sell stop_limit spot 2 @39 stop40"),
        .init(
            add, limit + "&close%5Bordertype%5D=limit&close%5Bprice%5D=60",
            "trade: XBTUSD buy limit spot 2 @50000; XBTUSD sell limit spot 2 @60"),
        .init(
            add,
            #"{"ordertype":"limit","type":"buy","volume":"2","pair":"XBTUSD","price":"5","#
                + #""close":{"ordertype":"limit","#
                + #""price":"6"}}"#, "trade: XBTUSD buy limit spot 2 @5; XBTUSD sell limit spot 2 @6"),
        .init(
            "POST spot /0/private/AddOrderBatch",
            #"{"nonce":"1","pair":"XBTUSD","orders":[{"ordertype":"limit","type":"buy","volume":"1","#
                + #""price":"5"},"#
                + #"{"ordertype":"market","type":"sell","volume":"2","reduce_only":true,"leverage":"2"}]}"#,
            "trade: XBTUSD buy limit spot 1 @5; XBTUSD sell market margin 2 reduces x2"),
        .init(
            "POST spot /0/private/EditOrder", "txid=O-1&pair=XBTUSD&volume=3&price=6",
            "trade: ? ? limit spot 3 @6 replaces"),
        .init(
            "POST spot /0/private/AmendOrder", "txid=O-1&order_qty=3&limit_price=6",
            "trade: ? ? limit spot 3 @6 replaces"),
        .init(
            "POST spot /0/private/AmendOrder", "txid=O-1&order_qty=3&limit_price=6&pair=ETHUSD",
            "trade: ? ? limit spot 3 @6 replaces"),
    ]

    private static let others: [MeaningCase] = [
        .init(add, limit + "&surprise=1", "trade! body surprise"),
        .init(add, limit + "&oflags=post,more", "trade! body oflags"),
        .init(add, limit + "&oflags=viqc", "trade! body oflags"),
        .init(
            add, "ordertype=market&type=sell&volume=100&pair=XBTUSD&oflags=viqc", "trade! body oflags"),
        .init(
            add, "ordertype=market&type=buy&volume=100&pair=XBTUSD&oflags=viqc&leverage=2",
            "trade! body oflags"),
        .init(
            "POST spot /0/private/EditOrder", "txid=O-1&pair=XBTUSD&volume=3&oflags=viqc",
            "trade! body oflags"),
        .init(add, limit + "&oflags=post&timeinforce=IOC", "trade! body oflags"),
        .init(add, limit + "&close[price]=1", "trade! body close[price]"),
        .init(add, limit.replacing("volume=2", "volume=0"), "trade! body quantity"),
        .init(add, limit.replacing("volume=2", "volume=2e3"), "trade! body volume"),
        .init(add, limit + "&leverage=much", "trade! body leverage"),
        .init(add, limit.replacing("50000", "%2Bmore"), "trade! body price"),
        .init(add, "?" + limit, "trade! query ordertype"),
        .init(
            "POST spot /0/private/AddOrderBatch", "pair=XBTUSD&orders[0][volume]=1",
            "trade! body orders[0][volume]"),
        .init("POST spot /0/private/CancelOrder", "nonce=1&txid=O-1", "cancel"),
        .init("POST spot /0/private/CancelAllOrdersAfter", "timeout=60", "cancel"),
        .init("POST spot /0/private/CancelOrderBatch", #"{"nonce":"1","orders":["O-1"]}"#, "cancel"),
        .init("POST spot /0/private/Balance", "nonce=1", "read"),
        // Another address of one's own is no reading, whatever is written behind the name.
        .init("POST spot /0/private/DepositAddresses", "nonce=1&asset=XBT&method=Bitcoin", "read"),
        .init("POST spot /0/private/DepositAddresses", "asset=XBT&method=Bitcoin&new=true", "admin"),
        .init("POST spot /0/private/DepositAddresses", "asset=XBT&method=Bitcoin&new=0", "admin"),
        .init("POST spot /0/private/DepositAddresses", "asset=XBT&method=Bitcoin&new=", "admin"),
        .init("POST spot /0/private/DepositAddresses", "?asset=XBT&new=true", "admin"),
        .init("POST spot /0/private/DepositAddresses", #"{"asset":"XBT","new":true}"#, "admin"),
        .init("GET spot /0/private/Balance", "", "admin"),
        .init("GET spot /0/public/Time", "", "admin"),
        .init("POST spot /0/private/GetWebSocketsToken", "", "stream+orders"),
        .init("POST spot /0/private/Earn/Allocate", "", "admin"),
        .init("POST spot /0/private/WalletTransfer", "asset=XBT", "transfer"),
        .init("POST spot /0/private/Withdraw", "asset=XBT&key=mine&amount=1", "withdraw: XBT mine 1"),
        .init(
            "POST spot /0/private/Withdraw", "asset=XBT&key=mine&address=1B&amount=1", "withdraw: XBT 1B 1"),
    ]

    @Test(arguments: orders + others)
    func `a request means`(_ example: MeaningCase) {
        #expect(ExchangeName.kraken.classifier.meaning(example.line, example.text) == example.words)
    }
}
