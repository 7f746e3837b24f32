package import Exchanges
package import Kernel
import Synchronization

/// How much a node has asked of each exchange, from each address and for each account, and who shut us out
/// until when. Other nodes are seen through what answers tell. All moments are the exchange's.
package final class WeightBook: Sendable {
    /// More gauges are kept only while they are in use.
    private static let gaugesKept = 10_000
    /// The exchange's clock is measured anew now and then, and jumps a little each time.
    private static let slack: Period = .minutes(1)

    private struct Owner: Hashable {
        let place: MarketPlace
        let kind: RateBudget.Owner
        /// The name of an address or of an account.
        let name: String
    }

    private struct GaugeKey: Hashable {
        let owner: Owner
        let budget: String
    }

    private struct StopKey: Hashable {
        let owner: Owner
        let route: String?
        let sparesCancels: Bool
    }

    private struct Stop {
        var until: Timestamp
        var isBan: Bool
        /// It was never further off.
        var length: Period

        /// What is left of it. A clock that was ahead when it began says more than there is.
        func left(at now: Timestamp) -> Period { min(until - now, length) }
    }

    private struct State {
        var gauges: [GaugeKey: RateGauge] = [:]
        var stops: [StopKey: Stop] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Takes a request's cost out of its budgets, all or none.
    package func take(_ request: WeightRequest, at now: Timestamp) throws(WeightRefusal) -> WeightTicket {
        let refusal = state.withLock { state -> WeightRefusal? in
            Self.endStops(&state, of: request.place, at: now)
            if let refusal = Self.stop(of: request, in: state, at: now) { return refusal }
            for draw in request.draws {
                let key = Self.key(request, draw.budget)
                var gauge = state.gauges[key] ?? RateGauge(draw.allowance)
                let wait = gauge.wait(for: draw.cost, isExit: request.isExit, at: now)
                if let wait { return WeightRefusal(isBan: false, reason: draw.budget.name, wait: wait) }
            }
            Self.makeRoom(&state, at: now)
            for draw in request.draws {
                state.gauges[Self.key(request, draw.budget), default: RateGauge(draw.allowance)]
                    .take(draw.cost, at: now)
            }
            return nil
        }
        if let refusal { throw refusal }
        return WeightTicket(request: request, at: now)
    }

    /// It was not sent.
    package func giveBack(_ ticket: WeightTicket) {
        state.withLock { state in
            for draw in ticket.request.draws {
                state.gauges[Self.key(ticket.request, draw.budget)]?.giveBack(draw.cost)
            }
        }
    }

    /// It was sent, and this is what came back, if anything did.
    package func settle(
        _ ticket: WeightTicket, _ readings: [RateReading], _ stop: RateStop?, at now: Timestamp
    ) {
        state.withLock { state in
            for draw in ticket.request.draws {
                let reading = readings.first { $0.budget == draw.budget }
                state.gauges[Self.key(ticket.request, draw.budget)]?
                    .settle(draw.cost, reading, isTold: draw.isTold, asked: ticket.at, at: now)
            }
        }
        if let stop { note(stop, of: ticket.request, at: now) }
    }

    package func note(_ stop: RateStop, of request: WeightRequest, at now: Timestamp) {
        let key = StopKey(
            owner: Self.owner(request, stop.owner), route: stop.route, sparesCancels: stop.sparesCancels)
        let until = now + stop.length
        state.withLock { state in
            Self.endStops(&state, of: request.place, at: now)
            let old = state.stops[key]
            let latest = max(old?.until ?? until, until)
            state.stops[key] = Stop(
                until: latest, isBan: stop.isBan || old?.isBan == true, length: latest - now)
        }
    }

    /// Whether anything may be asked at all: for what draws from no budget that we count.
    package func stop(of request: WeightRequest, at now: Timestamp) -> WeightRefusal? {
        state.withLock { state in
            Self.endStops(&state, of: request.place, at: now)
            return Self.stop(of: request, in: state, at: now)
        }
    }
}

// MARK: Within the lock

extension WeightBook {
    private static func owner(_ request: WeightRequest, _ kind: RateBudget.Owner) -> Owner {
        Owner(place: request.place, kind: kind, name: kind == .address ? request.address : request.account)
    }

    private static func key(_ request: WeightRequest, _ budget: RateBudget) -> GaugeKey {
        GaugeKey(owner: owner(request, budget.owner), budget: budget.name)
    }

    /// Those that were over long ago go. One that lies further off than it is long began by a clock that was
    /// ahead, and lasts from now at most.
    private static func endStops(_ state: inout State, of place: MarketPlace, at now: Timestamp) {
        for (key, stop) in state.stops where key.owner.place == place {
            if stop.until - now > stop.length + Self.slack { state.stops[key]?.until = now + stop.length }
            if now - stop.until > Self.slack { state.stops[key] = nil }
        }
    }

    private static func stop(
        of request: WeightRequest, in state: State, at now: Timestamp
    ) -> WeightRefusal? {
        guard !state.stops.isEmpty else { return nil }
        let owners = RateBudget.Owner.allCases.map { owner(request, $0) }
        let found = state.stops.filter { key, stop in
            stop.until > now && owners.contains(key.owner) && (key.route == nil || key.route == request.route)
                && !(key.sparesCancels && request.isCancel)
        }
        guard let longest = found.max(by: { $0.value.until < $1.value.until }) else { return nil }
        return WeightRefusal(
            isBan: found.contains { $0.value.isBan }, reason: longest.key.owner.kind.rawValue,
            wait: longest.value.until - now)
    }

    private static func makeRoom(_ state: inout State, at now: Timestamp) {
        guard state.gauges.count >= gaugesKept else { return }
        state.gauges = state.gauges.filter { !$0.value.isIdle(at: now) }
    }
}

// MARK: For people and metrics

extension WeightBook {
    /// What is counted by address, of the budgets that have names; bans of an address have none.
    package func lines(at now: (MarketPlace) -> Timestamp) -> [WeightLine] {
        state.withLock { state in
            var lines: [WeightLine] = []
            for (key, gauge) in state.gauges where key.owner.kind == .address {
                guard !RateBudget(.address, key.budget).isOfRoute, let limit = gauge.limit else { continue }
                var gauge = gauge
                gauge.take(0, at: now(key.owner.place))
                lines.append(
                    WeightLine(
                        place: key.owner.place, address: key.owner.name, budget: key.budget,
                        used: gauge.used, limit: limit))
            }
            return lines.sorted()
        }
    }

    package func bans(at now: (MarketPlace) -> Timestamp) -> [BanLine] {
        state.withLock { state in
            state.stops.compactMap { key, stop in
                guard key.owner.kind == .address, key.route == nil else { return nil }
                let left = stop.left(at: now(key.owner.place))
                guard left.microseconds > 0 else { return nil }
                return BanLine(place: key.owner.place, address: key.owner.name, left: left)
            }
        }
    }
}

package struct WeightLine: Sendable, Equatable, Comparable {
    package let place: MarketPlace
    package let address: String
    package let budget: String
    package let used: Int
    package let limit: Int

    private var order: (String, String, String, String, String) {
        (place.exchange.rawValue, place.environment.rawValue, place.host, address, budget)
    }

    package static func < (a: Self, b: Self) -> Bool { a.order < b.order }
}

package struct BanLine: Sendable, Equatable {
    package let place: MarketPlace
    package let address: String
    package let left: Period
}
