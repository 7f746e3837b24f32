package import JSON
package import Kernel

/// A candle as an exchange's public market data tell it.
package struct Kline: Equatable, Sendable {
    package let openTime: Timestamp
    package let open: Double
    package let high: Double
    package let low: Double
    package let close: Double
    package let volume: Double

    /// `[open time in ms, open, high, low, close, volume, …]`, numbers bare or quoted; nil when it is not so.
    init?(_ row: JSONValue) {
        guard let row = row.asArray, row.count >= 6, let time = Self.number(row[0]), time >= 0, time < 1e14
        else {
            return nil
        }
        let values = row[1...5].compactMap(Self.number)
        guard values.count == 5 else { return nil }
        openTime = Timestamp(milliseconds: Int64(time))
        (open, high, low, close, volume) = (values[0], values[1], values[2], values[3], values[4])
    }

    private static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .number: value.asDouble
        case .string(let text): Double(text)
        default: nil
        }
    }
}

/// Which candles are asked for: those that open in `[from, to)`.
package struct KlineQuestion: Equatable, Sendable {
    package enum Market: String, CaseIterable, Sendable { case spot, linear }

    package let market: Market
    /// As the exchange calls what is traded.
    package let instrument: String
    package let interval: Period
    package let from: Timestamp
    package let to: Timestamp

    package init(
        _ market: Market, _ instrument: String, _ interval: Period, from: Timestamp, to: Timestamp
    ) {
        (self.market, self.instrument, self.interval) = (market, instrument, interval)
        (self.from, self.to) = (from, to)
    }

    /// Letters, digits, `-` and `_`, up to 40: it stands in a query.
    package static func isInstrument(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                }
            }
    }
}

/// How an exchange is asked for candles, without a key. Pure.
package protocol KlineDialect: Sendable {
    /// Candles of one answer.
    var mostRows: Int { get }

    /// Nil where it has no such interval.
    func draft(_ question: KlineQuestion) -> RequestDraft?

    /// Oldest first; nil when the answer is not one to that question.
    func klines(in answer: JSONValue, to question: KlineQuestion) -> [Kline]?

    /// The code and the words with which it says no, also beside a status of 200.
    func refusal(in answer: JSONValue) -> (code: String, words: String)?
}

extension ExchangeName {
    /// Nil where none is pulled from.
    package var klines: (any KlineDialect)? {
        switch self {
        case .binance: BinanceKlines()
        case .bybit: BybitKlines()
        default: nil
        }
    }
}
