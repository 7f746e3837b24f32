import Expressions
import Signals

/// A simple rule that stands beside every report: who does not beat these has found nothing.
package struct Rival: Sendable {
    package let name: String
    package let title: String
    package let rule: TradingRule

    package static let all: [Rival] = [
        Rival("buy_and_hold", "Buy and hold", TradingRule(.always)),
        Rival("sma_50_200", "SMA50 above SMA200", hold: "sma(50) > sma(200)"),
        Rival("rsi_30_70", "RSI below 30, until above 70", enter: "rsi(14) < 30", leave: "rsi(14) > 70"),
        Rival("macd", "MACD above its signal", hold: "macd(12, 26, 9) > macd_signal(12, 26, 9)"),
        Rival("ema_20_50", "EMA20 above EMA50", hold: "ema(20) > ema(50)"),
        Rival(
            "donchian_20_10", "Above the Donchian-20 high, until below the Donchian-10 low",
            enter: "close > donchian_high(20)", leave: "close < donchian_low(10)"),
        Rival("close_sma50", "Close above SMA50", hold: "close > sma(50)"),
        Rival(
            "bollinger", "Above the upper Bollinger band, until below its middle",
            enter: "close > bb_upper(20, 2)", leave: "close < bb_mid(20, 2)"),
        Rival("trader_v0", "Trader Grade v0, 70 until below 50", model: .traderV0, 70, 50, isGated: false),
        Rival(
            "trader_v0_gate", "Trader Grade v0, 70 until below 50, market gate", model: .traderV0, 70, 50,
            isGated: true),
    ].compactMap { $0 }

    private init(_ name: String, _ title: String, _ rule: TradingRule) {
        (self.name, self.title, self.rule) = (name, title, rule)
    }

    private init?(_ name: String, _ title: String, hold: String) {
        guard let hold = try? BarCondition(hold) else { return nil }
        self.init(name, title, TradingRule(.level(hold)))
    }

    private init?(_ name: String, _ title: String, enter: String, leave: String) {
        guard let enter = try? BarCondition(enter), let leave = try? BarCondition(leave) else { return nil }
        self.init(name, title, TradingRule(.states(enter: enter, leave: leave)))
    }

    private init?(
        _ name: String, _ title: String, model: GradeModel, _ enter: Double, _ leave: Double, isGated: Bool
    ) {
        self.init(name, title, TradingRule(.model(model, enter: enter, leave: leave), isGated: isGated))
    }
}
