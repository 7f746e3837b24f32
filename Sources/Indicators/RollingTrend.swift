/// Sum and weighted sum of the last `capacity` values, the oldest with weight 1 and the newest with weight
/// `capacity`, in O(1) a value and double-double arithmetic.
struct RollingTrend: Sendable {
    private static let lap = 1_024

    private var window: Window
    private var total = Precise.zero
    private var weighted = Precise.zero
    private var sinceAfresh = 0

    init(_ capacity: Int) { window = Window(capacity) }

    var isFull: Bool { window.isFull }

    /// Weighted mean of a full window.
    var weightedMean: Double {
        let length = Double(window.capacity)
        return weighted.high / (length * (length + 1) / 2)
    }

    /// Slope of the least-squares line through a full window, a bar.
    var slope: Double {
        let length = Double(window.capacity)
        let tilt = weighted - total * ((length + 1) / 2)
        return 12 * tilt.high / (length * (length * length - 1))
    }

    mutating func push(_ value: Double) {
        if window.isFull {
            // Everybody's weight falls by one; the oldest's becomes nothing.
            weighted = weighted - total + Precise.product(value, Double(window.capacity))
            total = total + Precise.sum(value, -(window.push(value) ?? 0))
        } else {
            window.push(value)
            weighted = weighted + Precise.product(value, Double(window.count))
            total = total + Precise(value)
        }
        sinceAfresh += 1
        if sinceAfresh >= Self.lap + window.capacity { addAfresh() }
    }

    private mutating func addAfresh() {
        (sinceAfresh, total, weighted) = (0, .zero, .zero)
        for index in 0..<window.count {
            total = total + Precise(window[index])
            weighted = weighted + Precise.product(window[index], Double(index + 1))
        }
    }

    mutating func walk(_ state: inout StateWalk) {
        window.walk(&state)
        total.walk(&state)
        weighted.walk(&state)
        state.pass(&sinceAfresh, in: 0...Self.lap + window.capacity)
    }
}

extension RollingTrend: Equatable {
    /// By what it answers: when the window was last added up afresh does not matter.
    static func == (a: RollingTrend, b: RollingTrend) -> Bool {
        a.window == b.window
    }
}
