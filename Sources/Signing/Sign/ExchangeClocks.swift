package import Exchanges
package import Kernel
import Synchronization

/// How far each exchange's clock is from ours, as it was last measured.
package final class ExchangeClocks: Sendable {
    package struct Place: Hashable, Sendable {
        package let exchange: ExchangeName
        package let environment: Environment

        package init(_ exchange: ExchangeName, _ environment: Environment) {
            (self.exchange, self.environment) = (exchange, environment)
        }
    }

    package struct Reading: Sendable, Equatable {
        /// To be added to our time.
        package let offset: Period
        /// Half of the round trip, and the grain of the clock: it may be off by that much either way.
        package let uncertainty: Period
        package let at: Timestamp

        /// Nil: our clock was set back since, and the offset is of the clock that it was. A use is of the
        /// moment when it was admitted, which may lie some seconds before.
        func age(at now: Timestamp) -> Period? {
            let age = now - at
            return age < .seconds(-30) ? nil : age
        }
    }

    /// Older ones are measured anew.
    static let staleAfter: Period = .seconds(30)
    /// Younger ones are believed, whatever an exchange says of a request: it may have been on its way for
    /// long.
    private static let doubtedFrom: Period = .seconds(2)
    /// Older ones say nothing any more.
    private static let validFor: Period = .minutes(5)
    /// The narrowest window of an exchange is a second ahead of its clock.
    private static let uncertaintyAtMost: Period = .milliseconds(1_000)

    private let readings = Mutex<[Place: Reading]>([:])

    package init() {}

    /// - Parameters:
    ///   - told: what the exchange said, somewhere between the two moments.
    func note(_ told: Timestamp, between asked: Timestamp, and answered: Timestamp, of place: Place) {
        let half = Period(microseconds: max((answered - asked).microseconds, 0) / 2)
        let grain = place.exchange.timeGrain
        // A coarse clock says when its second began: half of it lies behind on average.
        let middle = told + Period(microseconds: grain.microseconds / 2)
        let reading = Reading(
            offset: middle - (asked + half),
            uncertainty: half + Period(microseconds: grain.microseconds / 2), at: answered)
        readings.withLock { $0[place] = reading }
    }

    /// An exchange refused our time: what was measured holds no more, unless it was measured a moment ago.
    func doubt(_ place: Place, at now: Timestamp) {
        readings.withLock { readings in
            guard let reading = readings[place] else { return }
            if (now - reading.at).magnitude < Self.doubtedFrom { return }
            readings[place] = nil
        }
    }

    package func reading(of place: Place) -> Reading? { readings.withLock { $0[place] } }

    package var all: [Place: Reading] { readings.withLock { $0 } }

    /// Our time as the exchange would tell it. What is as near as the measurement is exact counts as none.
    package func now(at place: Place, is ours: Timestamp) -> Timestamp {
        guard let reading = reading(of: place), reading.age(at: ours) != nil,
            reading.offset.magnitude > reading.uncertainty
        else { return ours }
        return ours + reading.offset
    }

    /// How long a signature is good that is handed out, in milliseconds: as long as a bot needs to send it
    /// on, and the uncertainty of the clocks. Whoever comes by it later has nothing.
    func narrowWindow(at place: Place, is now: Timestamp) -> Int {
        guard let reading = reading(of: place), !isUncertain(place, at: now) else {
            return SigningMoment.usualReceiveWindow
        }
        let uncertainty = Int(reading.uncertainty.microseconds / 1_000) + 1
        return min(Self.sendingMilliseconds + uncertainty, SigningMoment.usualReceiveWindow)
    }

    private static let sendingMilliseconds = 2_000

    /// Whether there is a reading that still says something.
    func isKnown(_ place: Place, at now: Timestamp) -> Bool {
        reading(of: place)?.age(at: now).map { $0 < Self.validFor } ?? false
    }

    func isUncertain(_ place: Place, at now: Timestamp) -> Bool {
        guard let reading = reading(of: place), isKnown(place, at: now) else { return true }
        return reading.uncertainty > Self.uncertaintyAtMost
    }
}
