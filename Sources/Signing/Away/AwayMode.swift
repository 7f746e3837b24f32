import Access
package import Identity
package import Kernel
import Synchronization

/// Away mode of one node: what all of its workers see of it.
///
/// The lead worker's keeper keeps a snapshot and says what the database does; every worker asks whether exits
/// go by the journal, which costs a request one comparison while they do not.
package final class AwayMode: Sendable {
    private struct Inside {
        var state = AwayState()
        var snapshot: AwaySnapshot?
        var episode: AwayEpisode?
        /// Uses that left and were not heard of yet, and whose they are.
        var flights: [UsageID: AwayEpisode] = [:]
        /// The newest epoch that a change of authority through this node has made.
        var noticed: Int64 = 0
        /// The episode's journal could not be written: nothing leaves any more, and the keeper ends it.
        var isBroken = false

        /// What was taken away through this node must not come back because nobody could read it.
        var isOutdated: Bool { snapshot.map { noticed > $0.epoch } ?? false }

        /// Also between the loss and the journal's first line, and while the keeper does not know yet that
        /// the database is back.
        func isAway(at now: UInt64) -> Bool { state.isAway(at: now) && !isOutdated && !isBroken }
    }

    private let inside = Mutex(Inside())
    private let isOnNow = Atomic(false)
    private let usesTotal: Counter
    let clock: Clock

    package init(clock: Clock, metrics: Metrics) {
        self.clock = clock
        usesTotal = metrics.counter(
            "away_mode_uses_total", "Exits that were journalled while the database was gone.")
        metrics.computed(
            "away_mode_active", "1 while exits go by the journal: the database is gone.", kind: "gauge"
        ) { [weak self] in self?.isOn == true ? 1 : 0 }
        metrics.computed(
            "away_mode_keys", "Keys by which exits could go if the database went now.", kind: "gauge"
        ) { [weak self] in Double(self?.snapshot?.keys.count ?? 0) }
        metrics.computed(
            "away_mode_seconds_left", "How long exits may still go by the journal.", kind: "gauge"
        ) { [weak self] in self?.left.seconds ?? 0 }
    }

    /// For every request: costs no lock.
    package var isOn: Bool { isOnNow.load(ordering: .relaxed) }

    package var left: Period {
        let now = clock.monotonicNanoseconds()
        return inside.withLock { inside in
            inside.episode != nil && inside.isAway(at: now) ? inside.state.left(at: now) : .seconds(0)
        }
    }

    /// What /readyz says; nil while it is off.
    package var sentence: String? {
        guard isOn else { return nil }
        let (left, keys) = (left, inside.withLock { $0.snapshot?.keys.count ?? 0 })
        guard left > .seconds(0) else { return nil }
        return "away mode: the database is gone or takes no writes, and cancels and reduce-only orders of "
            + "\(keys) keys go by this node's journal for \(Int(left.seconds)) s more"
    }

    /// Who asks, by what was known of access tokens; nil: nobody who may.
    package func caller(_ credential: Credential, from address: IPAddress?) -> Caller? {
        current?.snapshot.callers.caller(credential, from: address, now: clock.now())
    }

    /// Authority was changed through this node: what was known before says too much.
    package func noticed(epoch: Int64) { inside.withLock { $0.noticed = max($0.noticed, epoch) } }
}

// MARK: For the door

extension AwayMode {
    struct Current {
        let snapshot: AwaySnapshot
        let episode: AwayEpisode
    }

    /// Nil unless exits may go by the journal at this very moment.
    var current: Current? {
        let now = clock.monotonicNanoseconds()
        return inside.withLock { inside in
            guard inside.isAway(at: now), let snapshot = inside.snapshot, let episode = inside.episode
            else { return nil }
            return Current(snapshot: snapshot, episode: episode)
        }
    }

    /// False: the absence is over, and nothing of it leaves any more.
    func takeOff(_ usage: UsageID, _ episode: AwayEpisode) -> Bool {
        let now = clock.monotonicNanoseconds()
        let isOff = inside.withLock { inside in
            guard inside.episode === episode, inside.isAway(at: now) else { return false }
            inside.flights[usage] = episode
            return true
        }
        if isOff { usesTotal.add() }
        return isOff
    }

    var isBroken: Bool { inside.withLock { $0.isBroken } }

    /// Not of one that is over: the next one has a journal of its own.
    func breakOff(_ episode: AwayEpisode) {
        inside.withLock { inside in
            if inside.episode === episode { inside.isBroken = true }
        }
    }

    func land(_ usage: UsageID) { _ = inside.withLock { $0.flights.removeValue(forKey: usage) } }

    /// What became of a use. False: it stands in no journal that is still open.
    func note(_ entry: OutcomeBook.Entry) -> Bool {
        guard let episode = inside.withLock({ $0.flights.removeValue(forKey: entry.usage) }) else {
            return false
        }
        return episode.journal.add(
            .outcome(
                AwayOutcome(
                    usage: entry.usage, at: clock.now(), outcome: entry.outcome, status: entry.status,
                    code: entry.code, microseconds: entry.microseconds,
                    refunds: episode.giveBack(entry.refunds, of: entry.at))))
    }
}

// MARK: For the keeper

extension AwayMode {
    var snapshot: AwaySnapshot? { inside.withLock { $0.snapshot } }

    var episode: AwayEpisode? { inside.withLock { $0.episode } }

    var phase: AwayState.Phase { inside.withLock { $0.state.phase } }

    func hasFlights(_ episode: AwayEpisode) -> Bool {
        inside.withLock { inside in inside.flights.values.contains { $0 === episode } }
    }

    /// - Parameter snapshot: nil where there is nothing to act by.
    func keep(_ snapshot: AwaySnapshot?, askedAt asked: UInt64) {
        inside.withLock { inside in
            inside.snapshot = snapshot
            _ = inside.state.happened(snapshot == nil ? .emptied : .confirmed, at: asked)
        }
    }

    func happened(_ event: AwayState.Event) -> AwayState.Action {
        let now = clock.monotonicNanoseconds()
        return inside.withLock { inside in
            if event == .lost, inside.isOutdated {
                inside.snapshot = nil
                // Whoever acknowledged a change of authority has had the database since: an absence is over.
                let action = inside.state.happened(.emptied, at: now)
                if action != .nothing { return action }
            }
            if event == .closed { inside.snapshot = nil }
            return inside.state.happened(event, at: now)
        }
    }

    /// From now on exits go by its journal.
    func open(_ episode: AwayEpisode) {
        inside.withLock { $0.episode = episode }
        isOnNow.store(true, ordering: .relaxed)
    }

    /// Nothing new is let through; what is on its way is still noted down.
    func shut() -> AwayEpisode? {
        isOnNow.store(false, ordering: .relaxed)
        return inside.withLock { inside in
            defer { (inside.episode, inside.isBroken) = (nil, false) }
            return inside.episode
        }
    }
}
