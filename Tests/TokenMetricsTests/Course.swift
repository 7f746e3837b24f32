import JSON

/// What signals said day by day, stepped through from the first day on.
struct Course {
    struct Day {
        var signal = 0
        var trend: Int?
        var returns: Double?
        var holding: Double?
    }

    private(set) var days: [String: Day] = [:]
    private(set) var trades = 0
    private var money = 1.0
    private var held: (price: Double, closedAt: String?)?
    private var firstPrice: Double?
    private var trend: Int?

    /// - Parameters:
    ///   - signals: as `/v1/signals` lists them.
    ///   - rows: of CSV, upwards.
    init(signals: [JSONValue], rows: some Sequence<String>) {
        for row in rows {
            let fields = row.split(separator: ",")
            let (time, open, close) = (String(fields[2]), Double(fields[3]) ?? 0, Double(fields[6]) ?? 0)
            let day = String(time.prefix(10))
            trade(signals, on: day, at: open)
            days[day] = told(signals, day, close)
        }
    }

    /// Costs are ten basis points a side.
    private mutating func trade(_ signals: [JSONValue], on day: String, at open: Double) {
        if let held, let closedAt = held.closedAt, closedAt < day {
            money *= open / held.price * 0.999 * 0.999
            self.held = nil
        }
        let filled = signals.first { signal in
            signal["direction"] == "bullish" && signal.text("fill_at")?.hasPrefix(day) == true
        }
        guard let filled else { return }
        trades += 1
        held = (open, filled.text("closed_at").map { String($0.prefix(10)) })
        firstPrice = firstPrice ?? open
    }

    private mutating func told(_ signals: [JSONValue], _ day: String, _ close: Double) -> Day {
        var told = Day()
        for signal in signals {
            let decided = signal.text("decided_at")?.prefix(10) ?? ""
            let end = signal.text("closed_at")?.prefix(10) ?? "9999"
            let way = signal["direction"] == "bullish" ? 1 : -1
            if decided == day { trend = trend == 1 && told.signal == 1 ? 1 : way }
            if decided <= day, day < end, told.signal != 1 { told.signal = way }
        }
        told.trend = trend
        let value = held.map { close / $0.price * 0.999 * 0.999 } ?? 1
        told.returns = firstPrice.map { _ in money * value - 1 }
        told.holding = firstPrice.map { close / $0 - 1 }
        return told
    }
}
