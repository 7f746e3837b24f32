package import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

extension ApprovalBook {
    /// One person's word on it. With the last approval that is needed it is approved.
    package nonisolated(nonsending) func decide(
        _ verdict: Approval.Vote.Verdict, _ id: ApprovalID, reason: String, _ context: Context
    ) async throws -> Approval {
        guard let principal = context.actor.principal else { throw Problem.unauthenticated }
        guard principal.kind == .user else { throw Problem.humanRequired }
        let approver = UserID(principal.uuid)
        return try await ledger.change(context) { change in
            var approval = try await ApprovalStore.lock(id, in: change.transaction)
            try Self.check(approval, verdict, reason, at: context.now)
            let vote = Approval.Vote(
                approver: approver, verdict: verdict, reason: reason,
                isSolo: approval.humans.contains(approver) && verdict == .approve, at: context.now)
            try await ApprovalVoteStore.write(
                vote, on: id, by: context.actor.accessToken, in: change.transaction)
            change.audit(
                verdict == .approve ? "approvals.approve" : "approvals.reject", id,
                detail: ["reason": .string(reason), "solo": .bool(vote.isSolo)])
            switch verdict {
            case .reject: try await reject(&approval, by: principal, reason, change)
            case .approve: try await settle(&approval, vote, change)
            }
            return approval
        }
    }

    private static func check(
        _ approval: Approval, _ verdict: Approval.Vote.Verdict, _ reason: String, at now: Timestamp
    ) throws {
        let state = approval.state(at: now)
        guard state == .pending || state == .approved && verdict == .reject else {
            throw Problem(.conflict, "It is \(state.rawValue): there is nothing to decide about it any more.")
        }
        let mistakes = approval.mistakes(in: reason)
        guard mistakes.isEmpty else {
            throw mistakes.reduce(into: FieldErrors()) { errors, mistake in
                errors.append(FieldError(pointer: "/reason", code: FieldCode.malformed, message: mistake))
            }
        }
    }

    private nonisolated(nonsending) func reject(
        _ approval: inout Approval, by principal: PrincipalID, _ reason: String, _ change: Change
    ) async throws {
        (approval.state, approval.finishedAt) = (.rejected, change.context.now)
        (approval.endedBy, approval.endReason) = (principal.description, reason)
        try await ApprovalStore.step(approval, in: change.transaction)
        change.emit(
            approval.event(
                .approvalRejected,
                [("approver_id", .string(principal.description)), ("reason_given", .string(reason))]))
    }

    private nonisolated(nonsending) func settle(
        _ approval: inout Approval, _ vote: Approval.Vote, _ change: Change
    ) async throws {
        let now = change.context.now
        let isMet = try await ApprovalStore.isMet(approval.id, at: now, in: change.transaction)
        if isMet {
            var delay = approval.delay
            // Whoever gave the last one: a rule that was met by the requester alone waits.
            if try await isSolo(approval, change) {
                delay = max(delay, try await SoloMode.read(in: change.transaction).delay)
            }
            (approval.state, approval.approvedAt, approval.dueAt) = (.approved, now, now + delay)
            approval.lapsesAt = approval.validFor.map { now + delay + $0 }
            try await ApprovalStore.step(approval, in: change.transaction)
        }
        change.emit(
            approval.event(
                .approvalApproved,
                [
                    ("approver_id", .string(vote.approver.description)),
                    ("reason_given", .string(vote.reason)), ("complete", .bool(isMet)),
                    ("solo", .bool(vote.isSolo)), ("due_at", JSONValue(approval.dueAt)),
                ]))
    }

    private nonisolated(nonsending) func isSolo(_ approval: Approval, _ change: Change) async throws -> Bool {
        let votes = try await ApprovalVoteStore.all(of: [approval.id], in: change.transaction)
        return votes[approval.id, default: []].contains { $0.isSolo && $0.verdict == .approve }
    }

    /// Its requester, or whoever stands behind them, wants it no more.
    package nonisolated(nonsending) func cancel(
        _ id: ApprovalID, reason: String?, _ context: Context
    ) async throws -> Approval {
        try await ledger.change(context) { change in
            var approval = try await ApprovalStore.lock(id, in: change.transaction)
            guard approval.isOf(context.actor.principal) else { throw Problem.notFound("approval") }
            let state = approval.state(at: context.now)
            guard state == .pending || state == .approved else {
                throw Problem(.conflict, "It is \(state.rawValue): there is nothing to cancel.")
            }
            try await change.cancel(&approval, reason: reason)
            return approval
        }
    }
}

extension Change {
    /// Of one that is locked, and neither runs nor has ended.
    nonisolated(nonsending) func cancel(_ approval: inout Approval, reason: String?) async throws {
        (approval.state, approval.finishedAt) = (.cancelled, context.now)
        (approval.endedBy, approval.endReason) = (context.actor.principal?.description, reason)
        try await ApprovalStore.step(approval, in: transaction)
        audit("approvals.cancel", approval.id, detail: ["reason": JSONValue(reason)])
        emit(approval.event(.approvalCancelled))
    }
}

extension Approval {
    /// Whether this principal asked for it, or answers for the service account that did.
    package func isOf(_ principal: PrincipalID?) -> Bool {
        guard let principal else { return false }
        return principal == requester || principal.kind == .user && humans.contains(UserID(principal.uuid))
    }
}
