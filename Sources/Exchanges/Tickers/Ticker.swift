package import JSON
import Kernel

/// Where an exchange says what one thing trades at: the price of its last trade.
package struct Ticker: Sendable, Equatable {
    package let host: String
    package let kind: OrderIntent.Instrument
    package let path: String
}

extension ExchangeAdapter {
    /// One for each kind of instrument on each host, for people. A path may name what is asked about.
    package var tickers: [Ticker] {
        let kinds: [OrderIntent.Instrument] = [.spot, .linear, .inverse]
        return Exchange.of(exchange).aliases.flatMap { host in
            kinds.compactMap { kind in
                ticker(of: .sample(kind, on: host)).map { Ticker(host: host, kind: kind, path: $0.path) }
            }
        }
    }
}

extension Instrument {
    fileprivate static func sample(_ kind: OrderIntent.Instrument, on host: String) -> Instrument {
        let quote = kind == .inverse ? "USD" : "USDT"
        return Instrument(
            "SYMBOL", host: host, kind, base: "BTC", quote: quote, settle: kind == .inverse ? "BTC" : nil)
    }
}

extension Ticker: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("host", host)
            w.field("instrument", kind.rawValue)
            w.field("path", path)
        }
    }
}

/// What answers have in common: one row about the symbol that was asked for, alone or in a list.
extension JSONValue {
    /// The price in the row that is about it; nil unless there is one, above zero.
    /// - Parameter name: of the member that says what a row is about.
    func lastPrice(_ member: String, of symbol: String, named name: String) -> Decimal? {
        let rows = asArray ?? [self]
        let row = rows.first { $0.words(name) == symbol }
        return row.flatMap { InstrumentRow($0).amount(member) }
    }
}
