import EventLoop
import Kernel

/// The names of one worker: requests for one name share one lookup, and its answer for a short time. What is
/// kept is the answer, never a verdict: the guard judges it anew for every request.
final class NameCache {
    /// Names kept at a time; each costs about 200 bytes.
    private static let nameLimit = 4_096

    private struct Entry {
        let answer: Promise<Lookup.Answer>
        /// Nil while the lookup is under way.
        var expiresAt: UInt64?
    }

    private let resolver: Resolver
    private let reactor: Reactor
    private let clock: Clock
    private let lifetime: Period
    private let unansweredLifetime: Period
    private var entries: [String: Entry] = [:]

    init(
        _ resolver: Resolver, on reactor: Reactor, clock: Clock, lifetime: Period, unansweredLifetime: Period
    ) {
        (self.resolver, self.reactor, self.clock, self.lifetime) = (resolver, reactor, clock, lifetime)
        self.unansweredLifetime = unansweredLifetime
    }

    nonisolated(nonsending) func addresses(
        of name: String, limit: Period
    ) async throws(OutgoingError) -> [IPAddress] {
        if let entry = current(name) { return try await entry.answer.get().get() }
        let promise = Promise<Lookup.Answer>()
        makeRoom()
        entries[name] = Entry(answer: promise)
        let answer = await Lookup.addresses(of: name, resolver, on: reactor, limit: limit)
        promise.fulfil(answer)
        keep(answer, promise, of: name)
        return try answer.get()
    }

    func removeAll() { entries.removeAll() }

    private func current(_ name: String) -> Entry? {
        guard let entry = entries[name] else { return nil }
        guard let expiresAt = entry.expiresAt else { return entry }
        return clock.monotonicNanoseconds() < expiresAt ? entry : nil
    }

    /// A failure is told to those who wait for it and then forgotten, but that nobody answers is kept:
    /// whoever asked again and again would take all threads of the resolver from other names.
    private func keep(_ answer: Lookup.Answer, _ promise: Promise<Lookup.Answer>, of name: String) {
        guard entries[name]?.answer === promise else { return }
        let kept = lifetime(of: answer)
        guard kept.microseconds > 0 else {
            entries[name] = nil
            return
        }
        entries[name]?.expiresAt = clock.monotonicNanoseconds() + UInt64(kept.nanoseconds)
    }

    private func lifetime(of answer: Lookup.Answer) -> Period {
        switch answer {
        case .success: lifetime
        case .failure(.timeout(.resolve)): unansweredLifetime
        case .failure: Period(microseconds: 0)
        }
    }

    private func makeRoom() {
        guard entries.count >= Self.nameLimit else { return }
        let now = clock.monotonicNanoseconds()
        entries = entries.filter { $0.value.expiresAt.map { $0 > now } ?? true }
        if entries.count >= Self.nameLimit, let victim = entries.keys.first { entries[victim] = nil }
    }
}
