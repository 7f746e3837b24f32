package import Access
package import Audit
package import JSON
package import Kernel
package import Postgres
import HTTPServer

/// The one way to change something: rows, events, alerts of point rules, deliveries, the audit entry and,
/// where authority moves, the epoch, all in one transaction and in the order that architecture.md,
/// "Authority", gives.
package final class Ledger {
    /// What reacts to events inside their transaction: point rules. Returns what to do once it has committed.
    package typealias Reaction = nonisolated(nonsending) ([Event], Transaction) async throws -> (() -> Void)?

    package let database: Database
    package let clock: Clock
    package let entropy: Entropy
    /// Whether events of a type would be reacted to, as `authority.configuration` stands. Whoever does not
    /// know says yes.
    package typealias Interest = (EventType, _ configuration: Int64) -> Bool

    /// Whether somebody asks for events of a type that are written for them alone.
    package typealias Wish = nonisolated(nonsending) (EventType, Transaction) async throws -> Bool

    private var wishes: [Wish] = []
    private var reactions: [(interest: Interest, react: Reaction)] = []
    private var afterEvents: [() -> Void] = []
    private var afterAuthority: (Int64) -> Void = { _ in }

    package init(database: Database, clock: Clock, entropy: Entropy) {
        self.database = database
        self.clock = clock
        self.entropy = entropy
    }

    package func react(
        where interest: @escaping Interest = { _, _ in true }, _ reaction: @escaping Reaction
    ) {
        reactions.append((interest, reaction))
    }

    /// For rooms that may ask for such events: as the configuration stands in the transaction.
    package func wish(_ wish: @escaping Wish) { wishes.append(wish) }

    fileprivate nonisolated(nonsending) func isWished(
        _ type: EventType, in transaction: Transaction
    ) async throws -> Bool {
        for wish in wishes {
            if try await wish(type, transaction) { return true }
        }
        return false
    }

    /// For whoever writes many events: where nobody takes them, they need not be made for `react(to:in:)`.
    package func isReactedTo(_ type: EventType, at configuration: Int64) -> Bool {
        reactions.contains { $0.interest(type, configuration) }
    }

    /// What point rules do about events, in the transaction that writes them; answers what is to be done
    /// after its commit.
    package nonisolated(nonsending) func react(
        to events: [Event], in transaction: Transaction
    ) async throws -> [() -> Void] {
        var effects: [() -> Void] = []
        for reaction in reactions where !events.isEmpty {
            if let effect = try await reaction.react(events, transaction) { effects.append(effect) }
        }
        return effects + afterEvents
    }

    /// Told after every commit that wrote events: the feed wakes its readers.
    package func onEvents(_ action: @escaping () -> Void) { afterEvents.append(action) }

    /// For whoever committed events past `change`.
    package func announceEvents() { for action in afterEvents { action() } }

    /// Told the epoch after every commit that changed authority.
    package func onAuthority(_ action: @escaping (Int64) -> Void) { afterAuthority = action }

    /// A fresh id; ids sort by time.
    package func newID<Kind>(_ kind: Kind.Type = Kind.self) -> ID<Kind> {
        ID(UUID(at: clock.now(), entropy: entropy))
    }

    /// Runs `body` in a transaction and writes what it noted down. Nothing of it happens when anything
    /// throws, which a rehearsal always does: `Rehearsed`, where all would have gone well. `AuthorityMoved`,
    /// when the caller's rights are not any more what the request was let in by.
    package nonisolated(nonsending) func change<Result>(
        _ context: Context, _ body: nonisolated(nonsending) (Change) async throws -> Result
    ) async throws -> Result {
        if context.rehearsal == .form { throw Rehearsed() }
        var effects: [() -> Void] = []
        let result = try await transaction { transaction in
            effects = []
            let change = Change(transaction, context: context, ledger: self)
            try await IdempotencyKeys.claim(context, in: transaction)
            let result = try await body(change)
            if context.rehearsal != nil { throw Rehearsed() }
            try await self.write([change], collecting: &effects)
            return result
        }
        context.hold?.act()
        for effect in effects { effect() }
        return result
    }

    /// The same for what several callers want, in one transaction: of all of them or of none. What waits for
    /// one row waits for one commit then.
    /// - Parameter body: gets a change for each context, nil where its Idempotency-Key was used before.
    package nonisolated(nonsending) func change<Result>(
        together contexts: [Context], _ body: nonisolated(nonsending) ([Change?]) async throws -> Result
    ) async throws -> Result {
        guard contexts.allSatisfy({ $0.rehearsal == nil }) else { throw Rehearsed() }
        var effects: [() -> Void] = []
        let result = try await transaction { transaction in
            effects = []
            let free = try await IdempotencyKeys.claim(contexts, in: transaction)
            let changes = zip(contexts, free).map { context, isFree in
                isFree ? Change(transaction, context: context, ledger: self) : nil
            }
            let result = try await body(changes)
            try await self.write(changes.compactMap(\.self), collecting: &effects)
            return result
        }
        for context in contexts { context.hold?.act() }
        for effect in effects { effect() }
        return result
    }

    /// A refusal or another fact without a change of its own.
    package nonisolated(nonsending) func record(_ context: Context, _ note: (Change) -> Void) async throws {
        var claimless = context
        // It is so, whether what it was found by is only tried or not.
        (claimless.idempotency, claimless.rehearsal, claimless.hold) = (nil, nil, nil)
        try await change(claimless) { change in note(change) }
    }

    private nonisolated(nonsending) func transaction<Result>(
        _ body: nonisolated(nonsending) (Transaction) async throws -> Result
    ) async throws -> Result {
        do {
            return try await database.transaction(body)
        } catch PostgresError.server(let failure) where Authority.saysMoved(failure) {
            throw AuthorityMoved()
        }
    }

    private nonisolated(nonsending) func write(
        _ changes: [Change], collecting effects: inout [() -> Void]
    ) async throws {
        guard let transaction = changes.first?.transaction else { return }
        var sent: [Postgres.Query] = []
        do {
            try await write(changes, in: transaction, &sent, &effects)
        } catch PostgresError.server(let failure) {
            // What failed first says why.
            for query in sent { try await query.rows() }
            throw PostgresError.server(failure)
        }
    }

    /// - Parameter sent: what nobody waited for.
    private nonisolated(nonsending) func write(
        _ changes: [Change], in transaction: Transaction, _ sent: inout [Postgres.Query],
        _ effects: inout [() -> Void]
    ) async throws {
        let events = changes.flatMap(\.events)
        if !events.isEmpty {
            // Who reacts asks for it: it leaves with the events.
            Authority.ask(in: transaction)
            sent.append(EventStore.send(events, in: transaction))
            effects += try await react(to: events, in: transaction)
        }
        effects += changes.flatMap(\.effects)
        // One order for all: the lock, the authority row, a lane of the trail. Whoever held the row while
        // waiting for the lock, or a lane while waiting for the row, could be waited for in a circle. The
        // audit entry is appended under the lock, never before.
        let touching = changes.filter(\.touchesAuthority)
        if !touching.isEmpty {
            try await Authority.lock(in: transaction)
            // What the callers were let in by is compared before their own change moves it.
            sent += Self.sendHolds(of: changes, in: transaction)
            let epoch = try await Authority.raise(touching: Change.touched(by: touching), in: transaction)
            effects.append { self.afterAuthority(epoch) }
            for step in touching.flatMap(\.stepsUnderAuthority) { try await step(transaction) }
        }
        if changes.contains(where: \.touchesConfiguration) { try await Authority.configure(in: transaction) }
        let now = changes.map(\.context.now).max() ?? clock.now()
        if touching.isEmpty { sent += Self.sendHolds(of: changes, in: transaction) }
        // The last statements leave in one write with the commit: what is locked by now is not held for an
        // answer that changes nothing.
        sent += IdempotencyKeys.sendCompletions(changes.map { ($0.context, $0.resource) }, in: transaction)
        let trail = AuditTrail.send(changes.flatMap(\.items), at: now, in: transaction)
        if let trail { sent.append(trail) }
        if changes.allSatisfy(\.isDoneAgain) { sent.append(transaction.send(Self.withoutWait, [])) }
        try await transaction.commit()
    }

    /// What several were let in by is compared once.
    private static func sendHolds(of changes: [Change], in transaction: Transaction) -> [Postgres.Query] {
        let due = changes.compactMap(\.context.hold).filter { !$0.isActedOn }
        return Set(due.map(\.basis)).map { Authority.sendHold($0, in: transaction) }
    }

    private static let withoutWait = Statement(
        "commit_without_wait", "select set_config('synchronous_commit', 'off', true)")
}

/// What was tried would have been done, as far as it was let go; nothing of it was.
package struct Rehearsed: Error {
    package init() {}
}

/// What one transaction notes down on its way.
package final class Change {
    package let transaction: Transaction
    package let context: Context
    private let ledger: Ledger
    fileprivate private(set) var items: [AuditItem] = []
    fileprivate private(set) var events: [Event] = []
    fileprivate private(set) var effects: [() -> Void] = []
    fileprivate private(set) var resource: String?

    /// Somebody may do less, or other things, than before. Whoever sets it does not say who: everybody's
    /// snapshots are dropped. `touch` says who.
    package var touchesAuthority: Bool {
        get { touchesAll || !named.isEmpty }
        set { touchesAll = newValue }
    }
    private var touchesAll = false
    private var named: Set<Touched> = []
    /// More than that is as good as everything.
    private static let namedAtMost = 1_000

    /// Nil is everything.
    fileprivate static func touched(by changes: [Change]) -> Set<Touched>? {
        let named = changes.reduce(into: Set()) { $0.formUnion($1.named) }
        return changes.contains(where: \.touchesAll) || named.count > namedAtMost ? nil : named
    }

    /// The same of some: snapshots of others stay.
    package func touch(_ touched: some Sequence<Touched>) { named.formUnion(touched) }
    package func touch(_ touched: Touched) { named.insert(touched) }

    /// Keys of a sweep, few or many, none too: an order may stand for those that come later.
    package func touch(keys ids: [ExchangeKeyID]) {
        touch(.uses)
        if ids.count < Self.namedAtMost { touch(ids.map { .key($0) }) }
    }

    /// Whoever did this does it again from the same rows, should it be lost: its commit does not wait for the
    /// disk. What a commit before it wrote is never lost without it, nor it without one after it that waited.
    /// Only of what tells nobody anything.
    package var mayBeDoneAgain = false

    fileprivate var isDoneAgain: Bool {
        mayBeDoneAgain && events.isEmpty && items.isEmpty && !touchesAuthority && !touchesConfiguration
    }

    fileprivate private(set) var stepsUnderAuthority: [StepUnderAuthority] = []
    package typealias StepUnderAuthority = nonisolated(nonsending) (Transaction) async throws -> Void

    /// Rules, webhooks or routes are others than before.
    package var touchesConfiguration = false

    fileprivate init(_ transaction: Transaction, context: Context, ledger: Ledger) {
        self.transaction = transaction
        self.context = context
        self.ledger = ledger
    }

    /// Notes one line of the audit trail. The first resource named is the one that an idempotent repeat is
    /// told.
    package func audit(
        _ action: String, _ resource: (some CustomStringConvertible)?, outcome: AuditItem.Outcome = .allowed,
        detail: JSONValue = [:]
    ) {
        if self.resource == nil { self.resource = resource?.description }
        items.append(
            AuditItem(
                actor: context.actor, action: action, resource: resource, outcome: outcome, detail: detail,
                requestID: context.requestID))
    }

    /// Notes a line of the trail of somebody else's doing.
    package func add(_ item: AuditItem) { items.append(item) }

    /// Whether to emit events of a type that are written for those alone who ask for them.
    package nonisolated(nonsending) func isWished(_ type: EventType) async throws -> Bool {
        try await ledger.isWished(type, in: transaction)
    }

    /// Notes a fact.
    @discardableResult
    package func emit(_ event: NewEvent) -> Event {
        let stored = Event(
            id: nextEventID(), at: context.now, type: event.type, subject: event.subject,
            actor: context.actor,
            data: event.data)
        events.append(stored)
        return stored
    }

    /// Ids of one transaction rise as its events were noted, so that the feed tells them in that order.
    private func nextEventID() -> EventID {
        let fresh = ledger.newID(EventKind.self)
        guard let last = events.last?.id, fresh <= last else { return fresh }
        return EventID(UUID(high: last.uuid.high, low: last.uuid.low &+ 1))
    }

    /// Changes the authority row itself: under the authority lock, after everything else was waited for.
    package func underAuthority(_ step: @escaping StepUnderAuthority) {
        touchesAuthority = true
        stepsUnderAuthority.append(step)
    }

    /// Runs after the commit, on this loop.
    package func afterCommit(_ effect: @escaping () -> Void) { effects.append(effect) }
}
