/// Sum, mean and deviation of the last `capacity` values, in O(1) a value.
///
/// A short window is added up each time, which costs less than keeping sums. A long one keeps them in
/// double-double arithmetic, and adds up afresh now and then, so rounding never accumulates and the
/// difference of squares keeps its digits. Either way the answers are those of the window alone, whichever
/// way it came to hold its values. The mean of a window of equal values is exactly that value, their
/// deviation exactly zero.
struct RollingSum: Sendable {
    /// Values up to which a window is short.
    static let short = 64
    /// Values after which a long window is added up afresh, at the earliest.
    private static let lap = 1_024

    private(set) var window: Window
    private let isShort: Bool
    private let share: Double
    private var total = Precise.zero
    private var squares = Precise.zero
    private var sinceAfresh = 0
    private var last = Double.nan
    /// How many of the last values are all the same.
    private var unmoved = 0

    init(_ capacity: Int) {
        window = Window(capacity)
        isShort = capacity <= Self.short
        share = 1 / Double(capacity)
    }

    @inline(__always)
    var isFull: Bool { window.isFull }

    @inline(__always)
    private var isFlat: Bool { unmoved == window.capacity }

    @inline(__always)
    mutating func push(_ value: Double) {
        let evicted = window.push(value)
        unmoved = value == last ? min(unmoved + 1, window.capacity) : 1
        last = value
        if !isShort { keep(value, evicted ?? 0) }
    }

    // MARK: Answers of a full window

    @inline(__always)
    var sum: Double { isFlat ? last * Double(window.capacity) : isShort ? window.sum : total.high }

    @inline(__always)
    var mean: Double {
        isFlat ? last : (isShort ? window.sum : total.high) * share
    }

    /// Population standard deviation.
    @inline(__always)
    func deviation(around mean: Double) -> Double {
        if isFlat { return 0 }
        if isShort { return (window.squares(around: mean) * share).squareRoot() }
        // n² times the variance; below zero by rounding only.
        let spread = squares * Double(window.capacity) - total.squared
        return spread.high > 0 ? spread.high.squareRoot() * share : 0
    }

    // MARK: Long windows

    private mutating func keep(_ value: Double, _ evicted: Double) {
        total = total + Precise.sum(value, -evicted)
        squares = squares + (Precise.square(value) - Precise.square(evicted))
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
