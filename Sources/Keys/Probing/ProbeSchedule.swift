import Access
import Kernel

/// When a key is asked about again: spread over the period by the key's own id, so that many keys never come
/// at once, and later and later while it fails.
enum ProbeSchedule {
    static let period: Period = .minutes(6 * 60)
    /// Of accounts in whose mode marks like `reduceOnly` are believed: another mode is noticed so soon.
    static let watchedPeriod: Period = .minutes(15)
    private static let firstRetry: Period = .minutes(5)
    private static let doublings = 6

    /// - Parameters:
    ///   - failures: in a row, this time included.
    ///   - isWatched: what was told decides what orders mean.
    static func next(
        for key: ExchangeKeyID, failures: Int, isWatched: Bool = false, after now: Timestamp
    ) -> Timestamp {
        let base =
            failures == 0
            ? (isWatched ? watchedPeriod : period)
            : min(period, Period(microseconds: firstRetry.microseconds << min(failures - 1, doublings)))
        // From three quarters of it to five.
        let share = Int64(key.uuid.low & 0x3FF)
        return now
            + Period(microseconds: base.microseconds * 3 / 4 + base.microseconds / 2 * share / 0x400)
    }
}
