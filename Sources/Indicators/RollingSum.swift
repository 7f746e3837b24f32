/// Sum, mean and deviation of the last `capacity` values, in O(1) a value.
///
/// A short window is added up each time, which costs less than keeping sums. A long one keeps them in
/// double-double arithmetic, and adds up afresh now and then, so rounding never accumulates and the
/// difference of squares keeps its digits. Either way the answers are those of the window alone, whichever
/// way it came to hold its values. The mean of a window of equal values is exactly that value, their
/// deviation exactly zero.
struct RollingSum: Sendable {
    /// Values up to which a window is short.
    static let short = Moments.mostValues
    /// Values after which a long window is added up afresh, at the earliest.
    private static let lap = 1_024

    private(set) var window: Window
    private let isShort: Bool
    private let share: Double
    private var total = Precise.zero
    private var squares = Precise.zero
    private var sinceAfresh = 0
    private var last = Double.nan
    /// How many of the last values of a long window are all the same.
    private var unmoved = 0

    init(_ capacity: Int) {
        window = Window(capacity)
        isShort = capacity <= Self.short
        share = 1 / Double(capacity)
    }

    @inline(__always)
    var isFull: Bool { window.isFull }

    @inline(__always)
    mutating func push(_ value: Double) {
        let evicted = window.push(value)
        if !isShort { keep(value, evicted ?? 0) }
    }

    // MARK: Answers of a full window

    var sum: Double {
        if isShort { return window.sum }
        return unmoved == window.capacity ? last * Double(window.capacity) : total.high
    }

    @inline(__always)
    var mean: Double {
        guard isShort else { return longMean }
        let (origin, distance) = window.shifted
        return origin + distance * share
    }

    /// And the population standard deviation.
    @inline(__always)
    var moments: (mean: Double, deviation: Double) {
        guard isShort else { return (longMean, longDeviation) }
        let (mean, spread) = window.withValues(Moments.whole)
        return (mean, (spread * share).squareRoot())
    }

    // MARK: Long windows

    private var longMean: Double { unmoved == window.capacity ? last : total.high * share }

    private var longDeviation: Double {
        guard unmoved < window.capacity else { return 0 }
        // n² times the variance; below zero by rounding only.
        let spread = squares * Double(window.capacity) - total.squared
        return spread.high > 0 ? spread.high.squareRoot() * share : 0
    }

    private mutating func keep(_ value: Double, _ evicted: Double) {
        total = total + Precise.sum(value, -evicted)
        squares = squares + (Precise.square(value) - Precise.square(evicted))
        unmoved = value == last ? min(unmoved + 1, window.capacity) : 1
        last = value
        sinceAfresh += 1
        guard sinceAfresh >= Self.lap + window.capacity else { return }
        (sinceAfresh, total, squares) = (0, .zero, .zero)
        for index in 0..<window.count {
            total = total + Precise(window[index])
            squares = squares + Precise.square(window[index])
        }
    }

    mutating func walk(_ state: inout StateWalk) {
        window.walk(&state)
        total.walk(&state)
        squares.walk(&state)
        state.pass(&sinceAfresh, in: 0...Self.lap + window.capacity)
        state.pass(&last)
        state.pass(&unmoved, in: 0...window.capacity)
    }
}

extension RollingSum: Equatable {
    /// By what it answers: when the window was last added up afresh does not matter.
    static func == (a: RollingSum, b: RollingSum) -> Bool { a.window == b.window }
}
