/// Simple moving average: the mean of the last `period` values. First value at index `period - 1`.
package struct SMA: Equatable, Sendable {
    private var window: Window
    private var sum = 0.0

    package init(_ period: Int) { window = Window(period) }

    /// O(1): the sum runs, and is added up afresh once in `period` values so that rounding never accumulates.
    package mutating func update(_ value: Double) -> Double? {
        let evicted = window.push(value) ?? 0
        sum = window.isAtOrigin ? window.sum : sum - evicted + value
        return window.isFull ? sum / Double(window.capacity) : nil
    }
}
