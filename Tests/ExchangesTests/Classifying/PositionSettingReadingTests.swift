import Kernel
import Testing

@testable import Exchanges

/// What requests set leverage and margin modes to.
@Suite struct PositionSettingReadingTests {
    private static let cases: [(ExchangeName, String, String, String)] = [
        (.binance, "POST usdm /fapi/v1/leverage", "symbol=BTCUSDT&leverage=20", "x20"),
        (.binance, "POST coinm /dapi/v1/marginType", "symbol=BTCUSD_PERP&marginType=CROSSED", "cross"),
        (.binance, "POST spot /papi/v1/um/leverage", "symbol=BTCUSDT&leverage=5", "x5"),
        (
            .bybit, "POST main /v5/position/set-leverage",
            #"{"category":"linear","symbol":"BTCUSDT","buyLeverage":"2","sellLeverage":"7"}"#, "x7"
        ),
        (
            .bybit, "POST main /v5/position/switch-isolated",
            #"{"category":"linear","symbol":"B","tradeMode":1,"buyLeverage":"2","sellLeverage":"2"}"#,
            "x2 isolated"
        ),
        (
            .bybit, "POST main /v5/account/set-margin-mode", #"{"setMarginMode":"REGULAR_MARGIN"}"#, "cross"
        ),
        (
            .okx, "POST main /api/v5/account/set-leverage",
            #"{"instId":"BTC-USDT-SWAP","lever":"5","mgnMode":"cross"}"#, "x5 cross"
        ),
        (
            .kucoin, "POST futures /api/v2/changeCrossUserLeverage",
            #"{"symbol":"XBTUSDTM","leverage":"10"}"#, "x10"
        ),
        (
            .kucoin, "POST futures /api/v2/position/changeMarginMode",
            #"{"symbol":"XBTUSDTM","marginMode":"ISOLATED"}"#, "isolated"
        ),
        (.gate, "POST main /api/v4/futures/usdt/positions/BTC_USDT/leverage", "?leverage=10", "x10 isolated"),
        (
            .gate, "POST main /api/v4/futures/usdt/positions/BTC_USDT/leverage",
            "?leverage=0&cross_leverage_limit=25", "x25 cross"
        ),
        (.gate, "POST main /api/v4/futures/usdt/positions/BTC_USDT/leverage", "?leverage=0", "x? cross"),
        (
            .bitget, "POST main /api/v2/mix/account/set-leverage",
            #"{"symbol":"B","productType":"USDT-FUTURES","marginCoin":"USDT","leverage":"20"}"#, "x20"
        ),
        (
            .bitget, "POST main /api/v2/mix/account/set-margin-mode",
            #"{"symbol":"B","productType":"USDT-FUTURES","marginCoin":"USDT","marginMode":"crossed"}"#,
            "cross"
        ),
        (
            .mexc, "POST futures /api/v1/private/position/change_leverage",
            #"{"symbol":"BTC_USDT","leverage":50,"openType":2,"positionType":1}"#, "x50 cross"
        ),
        // Elsewhere only that it is set is known.
        (.bitget, "POST main /api/mix/v1/account/setLeverage", #"{"leverage":"20"}"#, "x?"),
        (.kucoin, "POST futures /api/v2/position/batchChangeMarginMode", #"{"marginMode":"CROSS"}"#, "mode?"),
        (.okx, "POST main /api/v5/account/set-isolated-mode", #"{"isoMode":"automatic"}"#, "mode?"),
        (.binance, "POST usdm /fapi/v1/positionSide/dual", "dualSidePosition=true", ""),
    ]

    private func words(_ setting: PositionSetting?) -> String {
        var words: [String] = []
        switch setting?.leverage {
        case .told(let leverage): words.append("x\(leverage)")
        case .unknown: words.append("x?")
        case nil: break
        }
        switch setting?.marginMode {
        case .told(let mode): words.append(mode)
        case .unknown: words.append("mode?")
        case nil: break
        }
        return words.joined(separator: " ")
    }

    @Test func `every exchange's settings are read as admin, with what they set`() {
        for (exchange, line, text, expected) in Self.cases {
            var request = RequestClassifier.request(line, text)
            if text.hasPrefix("?") { (request.query, request.body) = (String(text.dropFirst()), []) }
            let meaning = exchange.classifier.meaning(of: request)
            #expect(meaning.operation == .admin && meaning.problems.isEmpty, "\(line) \(meaning.problems)")
            #expect(words(meaning.setting) == expected, "\(line)")
        }
    }
}
