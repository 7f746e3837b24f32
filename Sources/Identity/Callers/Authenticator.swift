package import Access
package import Events
package import HTTPServer
package import Kernel
package import Postgres

/// Who a request is allowed to be: a principal through an access token, with what it may do.
package struct Caller: Equatable, Sendable {
    package let actor: Actor
    package let rights: Rights

    package init(actor: Actor, rights: Rights) { (self.actor, self.rights) = (actor, rights) }

    /// Whatever they are done to.
    package var permissions: Set<Permission> { rights.everywhere }
}

/// A request's attempt to be somebody.
package final class Attempt {
    package enum Outcome: Equatable, Sendable {
        /// No `Authorization` at all: 401, but nothing was refused.
        case anonymous
        case caller(Caller)
        case refused(Refusal)
    }

    package let outcome: Outcome
    fileprivate let hash: SecretHash?
    /// The epoch of the snapshot that was used, and the question whether it still is the epoch, already on
    /// its way.
    fileprivate let check: (epoch: Int64, query: Postgres.Query)?

    fileprivate init(
        _ outcome: Outcome, hash: SecretHash? = nil, check: (epoch: Int64, query: Postgres.Query)? = nil
    ) {
        (self.outcome, self.hash, self.check) = (outcome, hash, check)
    }
}

/// Tells callers by their access tokens: one per worker. What it knows of a token is cached without a
/// time-out, because every use asks whether the authority epoch moved, in the same round trip as the
/// request's own statements; when it did, only what was touched is forgotten:
///
/// ```swift
/// var attempt = try await authenticator.begin(.read(head.headers), from: address, now: now)   // sends the
/// question let answer = try await handle(…)                       // a read: its statements share that round
/// trip if let fresh = try await authenticator.settle(attempt, from: address, now: now) { … decide again by
/// fresh … }
/// ```
/// A change settles before its handler runs; so does whoever is about to answer 403, because a grant may be
/// new.
package final class Authenticator {
    /// Some 500 bytes each: more callers than a desk has on one core.
    package static let capacity = 4_096

    private final class Entry {
        private(set) var standing: Standing
        /// At which it is known to hold.
        private(set) var epoch: Int64
        var notedAt: Timestamp?

        init(_ standing: Standing, epoch: Int64) { (self.standing, self.epoch) = (standing, epoch) }

        func caller(at address: IPAddress?, now: Timestamp) -> Caller {
            if let lapse = standing.rights.lapsesAt, lapse <= now { standing.renewRights(at: now) }
            return standing.caller(at: address, now: now)
        }

        /// Nothing that it stands on was touched, as far as that was read. False: it has to be read anew.
        func holds(by deltas: AuthorityDeltas) -> Bool {
            guard epoch < deltas.epoch else { return true }
            guard deltas.hold(standing.grounds, since: epoch) else { return false }
            epoch = deltas.epoch
            return true
        }
    }

    private let database: Database
    private let ledger: Ledger
    private let refusals: Refusals
    private var entries: RecentlyUsed<SecretHash, Entry>
    private let deltas = AuthorityDeltas()
    private var lastUse = LastUse()
    private let bait = TouchedBait()

    package init(ledger: Ledger, refusals: Refusals, capacity: Int = Authenticator.capacity) {
        database = ledger.database
        self.ledger = ledger
        self.refusals = refusals
        entries = RecentlyUsed(capacity: capacity)
    }

    var cachedCount: Int { entries.count }

    /// Judges the credential. Does not suspend when the token is known and counts; then `settle` must be
    /// asked before anything leaves. Otherwise it reads the database (throws `PostgresError`), and the
    /// outcome stands.
    package nonisolated(nonsending) func begin(
        _ credential: Credential, from address: IPAddress?, now: Timestamp
    ) async throws(PostgresError) -> Attempt {
        switch credential {
        case .absent: return Attempt(.anonymous)
        case .malformed: return Attempt(.refused(Refusal(.malformed, from: address)))
        case .presented(let hash):
            if let entry = entries.use(hash), entry.holds(by: deltas),
                entry.standing.refusal(from: address, now: now) == nil
            {
                note(entry, now)
                let query = database.send(Authority.readEpoch)
                let caller = entry.caller(at: address, now: now)
                return Attempt(.caller(caller), hash: hash, check: (entry.epoch, query))
            }
            return try await load(hash, from: address, now: now)
        }
    }

    /// What is known of the credential, and of which epoch it is known, without asking anybody. Good only for
    /// whoever compares the epoch where it acts; nil: `begin` must ask.
    package func known(
        _ credential: Credential, from address: IPAddress?, now: Timestamp
    ) -> (caller: Caller, epoch: Int64)? {
        guard case .presented(let hash) = credential, let entry = entries.use(hash),
            entry.holds(by: deltas), entry.standing.refusal(from: address, now: now) == nil
        else { return nil }
        note(entry, now)
        return (entry.caller(at: address, now: now), entry.epoch)
    }

    /// Nil: the attempt's outcome holds, as of a moment after the request came. Otherwise what holds instead:
    /// decide again by that one, which is settled already.
    package nonisolated(nonsending) func settle(
        _ attempt: Attempt, from address: IPAddress?, now: Timestamp
    ) async throws(PostgresError) -> Attempt? {
        guard let hash = attempt.hash, let check = attempt.check else { return nil }
        let epoch = try await check.query.rows().first?.int64(0)
        if epoch == check.epoch { return nil }
        if let epoch {
            try await deltas.advance(to: epoch, in: database)
            if let entry = entries.use(hash), entry.epoch >= check.epoch, entry.holds(by: deltas),
                attempt.outcome == .caller(entry.caller(at: address, now: now))
            {
                return nil
            }
        }
        let fresh = try await load(hash, from: address, now: now)
        return fresh.outcome == attempt.outcome ? nil : fresh
    }

    /// Reports the refusal, committed when this returns, and gives the answer.
    package nonisolated(nonsending) func refuse(
        _ refusal: Refusal, _ request: RefusedRequest, now: Timestamp
    ) async throws -> Problem {
        try await refusals.record(refusal, request, at: now, in: ledger)
        return .unauthenticated
    }

    /// Writes what was gathered off the requests' path: times of use, sums of refusals. Every few seconds,
    /// and before the worker stops.
    package nonisolated(nonsending) func flush(now: Timestamp) async throws {
        let uses = lastUse.take().sorted { $0.key < $1.key }
        if !uses.isEmpty {
            _ = try await database.transaction { transaction in
                try await transaction.query(
                    LastUse.write, .idArray(uses.map(\.key)), .timestampArray(uses.map(\.value)),
                    .timestamp(now - LastUse.every))
            }
        }
        try await refusals.flush(at: now, in: ledger)
    }

    private nonisolated(nonsending) func load(
        _ hash: SecretHash, from address: IPAddress?, now: Timestamp
    ) async throws(PostgresError) -> Attempt {
        let rows = try await database.query(Standing.load, .bytes(hash.bytes))
        guard let row = rows.first, let standing = Standing(row, at: now) else {
            entries.remove(hash)
            return Attempt(.refused(Refusal(.unknown, from: address)), hash: hash)
        }
        if let reason = standing.refusal(from: address, now: now) {
            entries.remove(hash)
            return Attempt(.refused(Refusal(reason, known: standing.known, from: address)), hash: hash)
        }
        if standing.isDecoy {
            // Kept nowhere: each use is looked at.
            lastUse.note(standing.token, at: now)
            let caller = standing.caller(at: address, now: now)
            try await bait.touched(standing, caller, at: now, in: ledger)
            return Attempt(.caller(caller), hash: hash)
        }
        let entry = Entry(standing, epoch: row.int64(0))
        deltas.begin(from: entry.epoch)
        note(entry, now)
        entries.set(hash, entry)
        return Attempt(.caller(standing.caller(at: address, now: now)), hash: hash)
    }

    private func note(_ entry: Entry, _ now: Timestamp) {
        if let noted = entry.notedAt, now - noted < LastUse.every { return }
        entry.notedAt = now
        lastUse.note(entry.standing.token, at: now)
    }
}

extension Standing {
    func caller(at address: IPAddress?, now: Timestamp) -> Caller {
        Caller(
            actor: Actor(principal: principal, accessToken: token, address: address),
            rights: rights(at: now))
    }

    fileprivate var known: Refusal.Known { Refusal.Known(token: token, principal: principal, name: name) }
}
