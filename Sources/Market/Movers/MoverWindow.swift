import Kernel
import Signals

/// How far back a change is measured: a number of minutes, hours, days or weeks, as `24h` or `7d`.
struct MoverWindow: Equatable, Sendable {
    /// Candles in a window; all of them are added up for its volume.
    static let mostCandles = 1_000

    let text: String
    let seconds: Int64

    init?(_ text: String) {
        let units: [Character: Int64] = ["m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
        guard let unit = text.last.flatMap({ units[$0] }), text.utf8.count <= 7,
            text.dropLast().utf8.allSatisfy({ (48...57).contains($0) }), let count = Int64(text.dropLast()),
            count > 0, text.first != "0"
        else { return nil }
        (self.text, seconds) = (text, count * unit)
    }

    /// How the mistake goes on after the field's name; nil: it fits.
    func mistake(over interval: Interval) -> String? {
        if seconds % interval.seconds != 0 { return "must be a multiple of the interval" }
        return candles(of: interval) > Self.mostCandles
            ? "must be at most \(Self.mostCandles) candles of the interval" : nil
    }

    func candles(of interval: Interval) -> Int { Int(seconds / interval.seconds) }

    static let expected = "a number of minutes, hours, days or weeks, as 24h or 7d"
}
