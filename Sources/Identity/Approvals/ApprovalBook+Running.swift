package import Access
import Audit
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Leave to run what was approved, once: committed before anything is run.
package struct ApprovalClaim {
    package let approval: Approval
    package let request: ParkedRequest
    /// The requester's, by what they may do now.
    package var context: Context
    /// Of the authority that all was checked under.
    package var epoch: Int64
}

extension ApprovalBook {
    enum Claimed {
        case ready(ApprovalClaim)
        /// It failed for that reason, and was not run.
        case refused(String)
        /// It is not its time, or somebody was faster.
        case nothing(Approval.State)
    }

    /// Takes it, so that nobody else runs it: from here on it has run at most once.
    /// - Parameters:
    ///   - fetcher: of what is run for whoever fetches its answer; nil for all else.
    ///   - permission: what the operation demands.
    nonisolated(nonsending) func claim(
        _ id: ApprovalID, by fetcher: Context?, needing permission: (Approval) -> Permission?
    ) async throws -> Claimed {
        let now = ledger.clock.now()
        let context = fetcher ?? Context.installation(now: now, requestID: id.description)
        return try await ledger.change(context) { change in
            var approval = try await ApprovalStore.lock(id, in: change.transaction)
            if let fetcher {
                try approval.checkFetch(by: fetcher.actor)
                // A narrowed token of whoever asked fetches nothing that it could not have asked for.
                if let needed = permission(approval), !fetcher.mayStill(needed, on: nil) {
                    throw Problem.forbidden(missing: needed)
                }
                if fetcher.actor.accessToken != approval.accessToken {
                    try await WholePerson.check(
                        fetcher, to: "fetches nothing that another asked for", in: change.transaction)
                }
            }
            let state = approval.state(at: now)
            let isDue = approval.dueAt.map { $0 <= now } ?? false
            guard state == .approved, isDue, approval.isFetched == (fetcher != nil) else {
                return .nothing(state)
            }
            let sealed = try await ApprovalStore.sealed(id, in: change.transaction).request
            let request = try parked(approval, sealed)
            // Under the shared lock nothing that is checked here changes before this commits.
            try await Authority.share(in: change.transaction)
            try await Authority.checkConfirmed(in: change.transaction)
            let epoch = try await Self.epoch(in: change.transaction)
            let standing = try await standing(
                of: approval, by: fetcher?.actor, needing: permission(approval), change.transaction)
            switch standing {
            case .failure(let obstacle):
                fail(&approval, obstacle.sentence, at: now)
                try await ApprovalStore.step(approval, in: change.transaction)
                note(approval, change)
                return .refused(obstacle.sentence)
            case .success(let context):
                approval.state = .running
                try await ApprovalStore.step(approval, claimedAt: now, in: change.transaction)
                change.audit("approvals.run", id, detail: ["action": .string(approval.action.rawValue)])
                return .ready(
                    ApprovalClaim(approval: approval, request: request, context: context, epoch: epoch))
            }
        }
    }

    private static func epoch(in transaction: Transaction) async throws -> Int64 {
        try await transaction.query(Authority.readEpoch).first?.int64(0) ?? 0
    }

    /// Why it is not run.
    package struct Obstacle: Error {
        package let sentence: String

        package init(sentence: String) { self.sentence = sentence }
    }

    /// All that must still hold: the requester's standing and permission, the approvers' roles, the key's
    /// class and policy, the rules.
    /// - Parameter fetcher: whoever asked for it, and is there now: the session that they are in counts in
    ///   place of the one that they asked in.
    private nonisolated(nonsending) func standing(
        of approval: Approval, by fetcher: Actor?, needing permission: Permission?, _ transaction: Transaction
    ) async throws -> Result<Context, Obstacle> {
        var actor = approval.actor
        if actor.session != nil, let fetcher { actor = fetcher }
        var context: Context
        do {
            context = try await surroundings.standing(actor, permission, transaction)
        } catch let obstacle as Obstacle {
            return .failure(obstacle)
        }
        let subject = try await subject(of: approval, in: transaction)
        guard let subject else {
            return .failure(Obstacle(sentence: "What it is about is not there any more."))
        }
        if let permission, !context.mayStill(permission, on: subject.target) {
            return .failure(Obstacle(sentence: "Its requester lacks \(permission.rawValue) by now."))
        }
        let isMet = try await ApprovalStore.isMet(approval.id, at: ledger.clock.now(), in: transaction)
        guard isMet else {
            return .failure(Obstacle(sentence: "Those who approved it may not approve it any more."))
        }
        if let difference = approval.subject.difference(to: subject) {
            return .failure(Obstacle(sentence: difference))
        }
        let rules = try await allRules(in: transaction)
        let catching = try await catching(approval.action, on: subject, of: rules, in: transaction)
        if let gap = approval.gap(to: catching) { return .failure(Obstacle(sentence: gap)) }
        (context.requestID, context.approval) = (approval.id.description, approval.id)
        return .success(context)
    }

    /// Whether somebody may know of the key or account that it is about, where it is about one.
    nonisolated(nonsending) func isInSight(_ approval: Approval, _ context: Context) async throws -> Bool {
        guard approval.subject.key != nil || approval.subject.account != nil else { return true }
        if context.may(.keysRead) { return true }
        let target = try await subject(of: approval, in: ledger.database)?.target
        return target.map { context.may(.keysRead, on: $0) } ?? false
    }

    private nonisolated(nonsending) func subject(
        of approval: Approval, in source: any Queryable
    ) async throws -> ApprovalSubject? {
        if let key = approval.subject.key { return try await surroundings.key(key, source) }
        if let account = approval.subject.account { return try await surroundings.account(account, source) }
        return approval.subject
    }

    /// The same checks again, where authority moved before anything was done. Throws `Obstacle`.
    nonisolated(nonsending) func renew(
        _ claim: ApprovalClaim, needing permission: Permission?
    ) async throws -> ApprovalClaim {
        try await ledger.database.transaction { transaction in
            try await Authority.share(in: transaction)
            var fresh = claim
            fresh.epoch = try await Self.epoch(in: transaction)
            fresh.context = try await standing(
                of: claim.approval, by: claim.context.actor, needing: permission, transaction
            ).get()
            return fresh
        }
    }
}

// MARK: How it ended

extension ApprovalBook {
    struct Ending {
        let state: Approval.State
        let status: Int?
        let error: String?
        /// What its requester may read of the answer.
        let body: JSONValue?
    }

    /// Only of what still runs: another node may have given it up meanwhile.
    nonisolated(nonsending) func finish(_ id: ApprovalID, _ ending: Ending) async throws {
        let context = Context.installation(now: ledger.clock.now(), requestID: id.description)
        try await ledger.change(context) { change in
            var approval = try await ApprovalStore.lock(id, in: change.transaction)
            guard approval.state == .running else { return }
            (approval.state, approval.status) = (ending.state, ending.status)
            (approval.finishedAt, approval.endReason) = (context.now, ending.error)
            let result = try ending.body.map { try seal($0.bytes, "result", of: id) }
            try await ApprovalStore.step(approval, result: result, in: change.transaction)
            note(approval, change)
        }
    }

    private func fail(_ approval: inout Approval, _ sentence: String, at now: Timestamp) {
        (approval.state, approval.finishedAt, approval.endReason) = (.failed, now, sentence)
    }

    private func note(_ approval: Approval, _ change: Change) {
        let isDone = approval.state == .executed
        change.audit(
            "approvals.end", approval.id, outcome: isDone ? .allowed : .denied,
            detail: [
                "state": .string(approval.state.rawValue), "error": JSONValue(approval.endReason),
                "status": approval.status.map { .number(JSONNumber(Int64($0))) } ?? .null,
            ])
        let status: (String, JSONValue) = (
            "status", approval.status.map { .number(JSONNumber(Int64($0))) } ?? .null
        )
        change.emit(
            isDone
                ? approval.event(.approvalExecuted, [status])
                : approval.event(
                    .approvalFailed,
                    [
                        status, ("unknown", .bool(approval.state == .unknown)),
                        ("error", JSONValue(approval.endReason)),
                    ]))
    }
}

extension Context {
    /// What is about many things, or none, is narrowed by its handler.
    func mayStill(_ permission: Permission, on target: Target?) -> Bool {
        if let target, permission.takesScope { return may(permission, on: target) }
        return rights.somewhere.contains(permission)
    }
}

extension Approval {
    /// As whoever asked for it came.
    fileprivate var actor: Actor {
        Actor(principal: requester, accessToken: accessToken, session: session, address: address)
    }

    /// A service account's with the very access token that asked: others may have been issued since.
    fileprivate func checkFetch(by actor: Actor) throws(Problem) {
        guard isOf(actor.principal) else { throw .notFound("approval") }
        let isSame =
            actor.principal == requester && (requester.kind == .user || actor.accessToken == accessToken)
        guard isSame else {
            throw Problem(
                .conflict, "Only who asked for it may fetch it, and a service account by the same token.")
        }
        guard isFetched else {
            throw Problem(.conflict, "It is carried out by itself: there is nothing to fetch.")
        }
    }
}
