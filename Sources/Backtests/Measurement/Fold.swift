/// Consecutive parts of the dates, as equal as can be.
package enum Fold {
    package static func ranges(_ dates: Int, folds: Int) -> [Range<Int>] {
        guard folds > 0, dates >= folds else { return [] }
        return (0..<folds).map { dates * $0 / folds..<dates * ($0 + 1) / folds }
    }
}
