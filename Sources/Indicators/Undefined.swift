/// What an indicator answers where its formula divides zero by zero, as on a price that never moved.
package enum Undefined: Sendable {
    /// Nothing: an RSI of 0 would read as "oversold" where nothing happened at all.
    case null
    /// TA-Lib's stand-in, 0. For comparing with its output only.
    case talib

    var value: Double? {
        switch self {
        case .null: nil
        case .talib: 0
        }
    }
}
