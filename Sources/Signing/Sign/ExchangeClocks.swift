package import Exchanges
package import Kernel
import Synchronization

/// How far each exchange's clock is from ours, as it was last measured.
package final class ExchangeClocks: Sendable {
    package struct Reading: Sendable, Equatable {
        package var offset: Period
        /// Half of the round trip: it may be off by that much either way.
        package var uncertainty: Period
        package var at: Timestamp

        package init(offset: Period, uncertainty: Period, at time: Timestamp) {
            (self.offset, self.uncertainty, at) = (offset, uncertainty, time)
        }
    }

    private let readings = Mutex<[ExchangeName: Reading]>([:])

    package init() {}

    package func note(_ reading: Reading, of exchange: ExchangeName) {
        readings.withLock { $0[exchange] = reading }
    }

    package func reading(of exchange: ExchangeName) -> Reading? { readings.withLock { $0[exchange] } }

    /// Our time as the exchange would tell it.
    package func now(at exchange: ExchangeName, is ours: Timestamp) -> Timestamp {
        ours + (reading(of: exchange)?.offset ?? Period(microseconds: 0))
    }
}
