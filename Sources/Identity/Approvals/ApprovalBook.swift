package import Access
package import Crypto
package import Events
import HTTPServer
import JSON
import Kernel
package import Postgres

/// How approvals come to be, are decided, and end. What runs them is `ApprovalExecutor`.
package final class ApprovalBook {
    /// Of one requester, waiting at one time.
    package static let openAtMost = 100

    /// What this room asks of others.
    package struct Surroundings {
        package typealias Reading<Key, Value> =
            nonisolated(nonsending) (Key, any Queryable) async throws -> Value?
        /// By what the requester may do now, with what the operation demands; throws `Obstacle`.
        package typealias Standing =
            nonisolated(nonsending) (Actor, Permission?, any Queryable) async throws -> Context

        let key: Reading<ExchangeKeyID, ApprovalSubject>
        let account: Reading<AccountID, ApprovalSubject>
        /// In whose name a request is carried out.
        let standing: Standing
        let keyring: () throws -> Keyring

        package init(
            key: @escaping Reading<ExchangeKeyID, ApprovalSubject>,
            account: @escaping Reading<AccountID, ApprovalSubject>,
            standing: @escaping Standing, keyring: @escaping () throws -> Keyring
        ) {
            (self.key, self.account, self.standing, self.keyring) = (key, account, standing, keyring)
        }
    }

    let ledger: Ledger
    let surroundings: Surroundings
    /// All that rules may name; set once, with the operations.
    package private(set) var actions: Set<ApprovalAction> = []
    private var held: (epoch: Int64, rules: [ApprovalRule])?
    private let deltas = AuthorityDeltas()

    package init(ledger: Ledger, _ surroundings: Surroundings) {
        (self.ledger, self.surroundings) = (ledger, surroundings)
    }

    /// All operations of the service, once they are there.
    package func bind(_ operations: [Operation]) { actions = ApprovalAction.all(of: operations) }

    private static let pending = Statement(
        "approval_pending", "select count(*) from approval where state = 'pending'")

    /// How many requests wait for approvals, of all.
    package nonisolated(nonsending) func pendingCount() async throws -> Int {
        try await ledger.database.query(Self.pending).first?.int(0) ?? 0
    }

    /// The rules as of an epoch that is current, or as they are now. Whoever changes a rule raises the epoch,
    /// and says that it was for that: what else changed leaves them known.
    package nonisolated(nonsending) func rules(at epoch: Int64?) async throws -> [ApprovalRule] {
        guard let epoch else { return try await allRules(in: ledger.database.vital) }
        let grounds = CollectionOfOne(Touched.approvals)
        if let held,
            try await deltas.hold(grounds, since: held.epoch, until: epoch, in: ledger.database.vital)
        {
            return held.rules
        }
        let rules = try await allRules(in: ledger.database.vital)
        // Read after the epoch: they are of it, or newer.
        held = (epoch, rules)
        return rules
    }

    /// A rule that names what this program does not know guards something that it cannot tell: it is of
    /// another version.
    nonisolated(nonsending) func allRules(in source: any Queryable) async throws -> [ApprovalRule] {
        let rules = try await ApprovalRuleStore.all(in: source)
        for rule in rules where !actions.isSuperset(of: rule.content.actions) {
            throw Problem(
                .conflict,
                "The approval rule \"\(rule.content.name)\" names what this version does not know."
            )
        }
        return rules
    }

    /// The rules that ask for approvals of it. An account's keys count where a rule is about one of them.
    nonisolated(nonsending) func catching(
        _ action: ApprovalAction, on subject: ApprovalSubject, of rules: [ApprovalRule],
        in source: any Queryable
    ) async throws -> [ApprovalRule] {
        var catching: [ApprovalRule] = []
        for rule in rules where rule.catches(action, on: subject) {
            if case .key(let id) = rule.content.scope, let target = subject.target,
                case .account = target.resource, !action.changesRules,
                let key = try await surroundings.key(id, source)?.target, !key.isOf(target)
            {
                continue
            }
            catching.append(rule)
        }
        return catching
    }

    /// What a path's parameters name: a key, an account, or a rule. Nil: there is no such thing.
    package nonisolated(nonsending) func subject(
        of parameters: [String: String]
    ) async throws -> ApprovalSubject? {
        if let key = parameters["key_id"] {
            guard let id = ExchangeKeyID(key) else { return nil }
            return try await surroundings.key(id, ledger.database.vital)
        }
        if let account = parameters["account_id"] {
            guard let id = AccountID(account) else { return nil }
            return try await surroundings.account(id, ledger.database.vital)
        }
        return ApprovalSubject(id: parameters.first?.value)
    }
}

extension Target {
    /// Whether it is a key of that account.
    fileprivate func isOf(_ account: Target) -> Bool {
        (exchange, environment, self.account) == (account.exchange, account.environment, account.account)
    }
}

// MARK: Sealing

extension ApprovalBook {
    static func field(_ id: ApprovalID, _ name: String) -> SealedField {
        SealedField(table: "approval", id: id.uuid.bytes, field: name)
    }

    func seal(_ bytes: [UInt8], _ name: String, of id: ApprovalID) throws -> [UInt8] {
        try surroundings.keyring().seal(bytes, for: Self.field(id, name))
    }

    func open(_ sealed: [UInt8], _ name: String, of id: ApprovalID) throws -> [UInt8] {
        try surroundings.keyring().open(sealed, for: Self.field(id, name)).withBytes { Array($0) }
    }

    /// The request as it came; it must digest to what was approved.
    func parked(_ approval: Approval, _ sealed: [UInt8]) throws -> ParkedRequest {
        guard let parked = ParkedRequest(try open(sealed, "request", of: approval.id)),
            parked.digest == approval.digest
        else { throw Problem(.conflict, "The request is not what was asked for.") }
        return parked
    }
}

// MARK: Asking

extension ApprovalBook {
    /// A request that rules caught, as it is to be kept.
    package struct Wanted {
        package let action: ApprovalAction
        package let operation: String
        package let isFetched: Bool
        package let request: ParkedRequest
        package let reason: String?
        package let rules: [ApprovalRule]
        package let subject: ApprovalSubject

        package init(
            _ action: ApprovalAction, operation: String, isFetched: Bool, _ request: ParkedRequest,
            reason: String?, rules: [ApprovalRule], subject: ApprovalSubject
        ) {
            (self.action, self.operation, self.isFetched) = (action, operation, isFetched)
            (self.request, self.reason, self.rules, self.subject) = (request, reason, rules, subject)
        }
    }

    private static let holders = Statement(
        "approval_holders",
        """
        select p.id from principal p
        where p.kind = 'user' and p.status = 'active' and holds_role(p.id, $1, $2) order by p.id
        """)

    package nonisolated(nonsending) func park(_ wanted: Wanted, _ context: Context) async throws -> Approval {
        guard let requester = context.actor.principal else { throw Problem.unauthenticated }
        return try await ledger.change(context) { change in
            // Held so that nobody passes the bound by asking twice at once.
            _ = try await PrincipalStore.locked(requester, in: change.transaction)
            let open = try await ApprovalStore.openCount(of: requester, in: change.transaction)
            guard open < Self.openAtMost else {
                throw Problem(
                    .rateLimited, "\(Self.openAtMost) of your requests wait for approvals already.",
                    headers: [(.retryAfter, "60")])
            }
            let approval = try await approval(wanted, by: requester, change)
            let sealed = try seal(wanted.request.bytes, "request", of: approval.id)
            try await ApprovalStore.insert(approval, sealed: sealed, in: change.transaction)
            change.audit(
                "approvals.request", approval.id,
                detail: [
                    "action": .string(approval.action.rawValue), "path": .string(approval.path),
                    "digest": .string(Hex.encode(approval.digest)), "reason": JSONValue(approval.reason),
                ])
            change.emit(approval.event(.approvalRequested))
            return approval
        }
    }

    private nonisolated(nonsending) func approval(
        _ wanted: Wanted, by requester: PrincipalID, _ change: Change
    ) async throws -> Approval {
        let now = change.context.now
        var needs: [Approval.Need] = []
        for rule in wanted.rules {
            let rows = try await change.transaction.query(
                Self.holders, .text(rule.content.role), .timestamp(now))
            needs.append(Approval.Need(rule, candidates: rows.map { $0.id(0) }))
        }
        let contents = wanted.rules.map(\.content)
        let waits = contents.map(\.pendingFor).min() ?? .hours(24)
        return Approval(
            id: ledger.newID(), action: wanted.action, operation: wanted.operation, state: .pending,
            requester: requester, humans: try await change.humansBehind(requester),
            accessToken: change.context.actor.accessToken, session: change.context.actor.session,
            address: change.context.actor.address, reason: wanted.reason, needs: needs,
            method: wanted.request.method, path: wanted.request.path,
            subject: wanted.subject, digest: wanted.request.digest, isFetched: wanted.isFetched,
            requestedAt: now, expiresAt: now + waits,
            delay: contents.map(\.delay).max() ?? .seconds(0),
            validFor: contents.compactMap(\.validFor).min())
    }
}
