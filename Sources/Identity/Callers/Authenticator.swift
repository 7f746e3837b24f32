package import Access
package import Events
package import HTTPServer
package import Kernel
package import Postgres

/// Who a request is allowed to be: a principal through an access token or a session, with what it may do.
package struct Caller: Equatable, Sendable {
    package let actor: Actor
    package let rights: Rights
    /// What this use must pay before its request runs; nil: nothing.
    package var terms: UseTerms?
    /// From when a second factor is a duty; nil for whoever has one, and for service accounts.
    package let mfaDueAt: Timestamp?

    package init(actor: Actor, rights: Rights, terms: UseTerms? = nil, mfaDueAt: Timestamp? = nil) {
        (self.actor, self.rights, self.terms) = (actor, rights, terms)
        self.mfaDueAt = mfaDueAt
    }

    /// Whatever they are done to.
    package var permissions: Set<Permission> { rights.everywhere }

    /// A person who can show one.
    package var hasFactor: Bool { mfaDueAt == nil && actor.principal?.kind == .user }
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
    /// Where all of it was read just now: at which.
    package let epoch: Int64?
    fileprivate let credential: Credential
    /// The epoch of the snapshot that was used, and the question whether it still is the epoch, already on
    /// its way.
    fileprivate let check: (epoch: Int64, query: Postgres.Query, sentAt: Timestamp)?

    fileprivate init(
        _ outcome: Outcome, _ credential: Credential = .absent,
        check: (epoch: Int64, query: Postgres.Query, sentAt: Timestamp)? = nil, epoch: Int64? = nil
    ) {
        (self.outcome, self.credential, self.check) = (outcome, credential, check)
        self.epoch = epoch
    }
}

/// Tells callers by their access tokens and sessions: one per worker. What it knows of a token is cached
/// without a time-out, because every use asks whether the authority epoch moved, beside the request's own
/// statements; when it did, only what was touched is forgotten:
///
/// ```swift
/// // Sends the question.
/// var attempt = try await authenticator.begin(.read(head.headers), from: address, now: now)
/// // A read: its statements are on their way at the same time.
/// let answer = try await handle(…)
/// if let fresh = try await authenticator.settle(attempt, from: address, now: now) { … decide again … }
/// ```
/// A change settles before its handler runs; so does whoever is about to answer 403, because a grant may be
/// new.
package final class Authenticator {
    /// Some 500 bytes each: more callers than a desk has on one core.
    package static let capacity = 4_096

    private final class Entry {
        var standing: Standing
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
    /// Nobody waits to be let in behind what somebody else wants to know.
    private var vital: Link { database.vital }
    private let ledger: Ledger
    private let refusals: Refusals
    private var entries: RecentlyUsed<SecretHash, Entry>
    private let capacity: Int
    private let deltas = AuthorityDeltas()
    /// When it was last asked at which epoch the database is, of what was answered.
    private var askedAt: Timestamp?
    private let lastUse = LastUse<AccessTokenKind>()
    private let sessionUse = LastUse<SessionKind>()
    private let bait = TouchedBait()

    package init(ledger: Ledger, refusals: Refusals, capacity: Int = Authenticator.capacity) {
        database = ledger.database
        self.ledger = ledger
        self.refusals = refusals
        self.capacity = capacity
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
        case .presented(let hash), .session(let hash):
            if let entry = entries.use(hash), entry.holds(by: deltas),
                entry.standing.refusal(from: address, now: now) == nil
            {
                note(entry, address, now)
                let query = vital.send(Authority.readEpoch)
                let caller = entry.caller(at: address, now: now)
                return Attempt(.caller(caller), credential, check: (entry.epoch, query, now))
            }
            return try await load(credential, hash, from: address, now: now)
        }
    }

    /// What is known of the credential, and of which epoch it is known, without asking anybody. Good only for
    /// whoever compares the epoch where it acts; nil: `begin` must ask.
    package func known(
        _ credential: Credential, from address: IPAddress?, now: Timestamp
    ) -> (caller: Caller, epoch: Int64)? {
        guard let hash = credential.hash, let entry = entries.use(hash),
            entry.holds(by: deltas), entry.standing.refusal(from: address, now: now) == nil
        else { return nil }
        note(entry, address, now)
        return (entry.caller(at: address, now: now), entry.epoch)
    }

    /// Whether it was asked a moment ago how far authority moved, so that what is known is hardly old.
    package func hasAsked(within limit: Period, of now: Timestamp) -> Bool {
        askedAt.map { $0 <= now && now - $0 < limit } ?? false
    }

    /// Nil: the attempt's outcome holds, as of a moment after the request came. Otherwise what holds instead:
    /// decide again by that one, which is settled already.
    package nonisolated(nonsending) func settle(
        _ attempt: Attempt, from address: IPAddress?, now: Timestamp
    ) async throws(PostgresError) -> Attempt? {
        guard let hash = attempt.credential.hash, let check = attempt.check else { return nil }
        let epoch = try await check.query.rows().first?.int64(0)
        defer { askedAt = max(askedAt ?? check.sentAt, check.sentAt) }
        if epoch == check.epoch { return nil }
        if let epoch, epoch < check.epoch {
            entries = RecentlyUsed(capacity: capacity)
            deltas.goBack(to: epoch)
        } else if let epoch {
            try await deltas.advance(to: epoch, in: vital)
            if let entry = entries.use(hash), entry.epoch >= check.epoch, entry.holds(by: deltas),
                attempt.outcome == .caller(entry.caller(at: address, now: now))
            {
                return nil
            }
        }
        let fresh = try await load(attempt.credential, hash, from: address, now: now)
        return fresh.outcome == attempt.outcome ? nil : fresh
    }

    /// Somebody who was let in a while ago, as they stand by now, settled. The place that their request took
    /// in a number of uses is theirs.
    package nonisolated(nonsending) func again(
        _ credential: Credential, from address: IPAddress?, now: Timestamp
    ) async throws(PostgresError) -> Attempt {
        guard let hash = credential.hash else { return Attempt(.anonymous) }
        let rows = try await vital.query(Standing.load(credential), .bytes(hash.bytes))
        guard let row = rows.first, var standing = Standing(row, at: now) else {
            return Attempt(.refused(Refusal(.unknown, from: address)), credential)
        }
        // What is known of them, and of others, is of this epoch from now on.
        if row.int64(0) > deltas.epoch { try await deltas.advance(to: row.int64(0), in: vital) }
        standing.isUsedUp = false
        if let reason = standing.refusal(from: address, now: now) {
            return Attempt(Self.outcome(standing, reason, from: address), credential)
        }
        return Attempt(.caller(standing.caller(at: address, now: now)), credential, epoch: row.int64(0))
    }

    /// Reports the refusal, committed when this returns, and gives the answer.
    package nonisolated(nonsending) func refuse(
        _ refusal: Refusal, _ request: RefusedRequest, now: Timestamp
    ) async throws -> Problem {
        try await refusals.record(refusal, request, at: now, in: ledger)
        return .unauthenticated
    }

    /// Pays what this use of a token owes, committed when this returns. A refusal: it must not run.
    package nonisolated(nonsending) func charge(
        _ caller: Caller, _ credential: Credential, _ signature: RequestSignature?, now: Timestamp
    ) async throws -> Refusal? {
        guard let terms = caller.terms else { return nil }
        let reason = try await database.transaction { transaction in
            try await UseCharge.pay(terms, caller.actor, signature, at: now, in: transaction)
        }
        if let reason { return caller.refusal(reason) }
        if terms.isUseDue, case .presented(let hash) = credential {
            entries.use(hash)?.standing.recordedUse = now
        }
        return nil
    }

    /// Writes what was gathered off the requests' path: times of use, sums of refusals. Every few seconds,
    /// and before the worker stops.
    package nonisolated(nonsending) func flush(now: Timestamp) async throws {
        try await lastUse.flush(by: AccessTokenStore.noteUse, to: database, now: now)
        try await sessionUse.flush(by: SessionStore.noteUse, to: database, now: now)
        try await refusals.flush(at: now, in: ledger)
    }

    private nonisolated(nonsending) func load(
        _ credential: Credential, _ hash: SecretHash, from address: IPAddress?, now: Timestamp
    ) async throws(PostgresError) -> Attempt {
        let rows = try await vital.query(Standing.load(credential), .bytes(hash.bytes))
        guard let row = rows.first, let standing = Standing(row, at: now) else {
            entries.remove(hash)
            return Attempt(.refused(Refusal(.unknown, from: address)), credential)
        }
        if let reason = standing.refusal(from: address, now: now) {
            entries.remove(hash)
            return Attempt(Self.outcome(standing, reason, from: address), credential)
        }
        if let token = standing.token, standing.isDecoy {
            // Kept nowhere: each use is looked at.
            lastUse.note(token, from: address, at: now)
            let caller = standing.caller(at: address, now: now)
            try await bait.touched(standing, caller, at: now, in: ledger)
            return Attempt(.caller(caller), credential)
        }
        let entry = Entry(standing, epoch: row.int64(0))
        deltas.begin(from: entry.epoch)
        note(entry, address, now)
        entries.set(hash, entry)
        return Attempt(.caller(standing.caller(at: address, now: now)), credential)
    }

    /// Sessions end by themselves every day: whoever comes with one that has ended is nobody, not suspicious.
    private static func outcome(
        _ standing: Standing, _ reason: Refusal.Reason, from address: IPAddress?
    ) -> Attempt.Outcome {
        guard let known = standing.known else { return .anonymous }
        return .refused(Refusal(reason, known: known, from: address))
    }

    private func note(_ entry: Entry, _ address: IPAddress?, _ now: Timestamp) {
        if let noted = entry.notedAt, now - noted < LastUse<SessionKind>.every { return }
        entry.notedAt = now
        if let token = entry.standing.token { lastUse.note(token, from: address, at: now) }
        if let session = entry.standing.session { sessionUse.note(session, from: address, at: now) }
    }
}

extension Standing {
    func caller(at address: IPAddress?, now: Timestamp) -> Caller {
        Caller(
            actor: Actor(principal: principal, accessToken: token, session: session, address: address),
            rights: rights(at: now), terms: terms(at: now), mfaDueAt: mfaDueAt)
    }

    /// Of a session nothing is told.
    fileprivate var known: Refusal.Known? {
        token.map { Refusal.Known(token: $0, principal: principal, name: name) }
    }
}

extension Caller {
    /// Of a use that does not meet its terms.
    package func refusal(_ reason: Refusal.Reason) -> Refusal {
        guard let token = actor.accessToken, let principal = actor.principal else {
            return Refusal(reason, from: actor.address)
        }
        let known = Refusal.Known(token: token, principal: principal, name: terms?.name ?? "")
        return Refusal(reason, known: known, from: actor.address)
    }
}
