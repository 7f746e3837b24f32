package import Access
import Events
package import HTTPServer
package import JSON
import Kernel
import Postgres

extension ApprovalBook {
    /// What rules say to one request.
    package struct Caught {
        package let rules: [ApprovalRule]
        package let subject: ApprovalSubject
    }

    /// Nil: no rule in force asks for approvals, or there is nothing that it could be about, or the caller
    /// may not do it anyhow, which the handler says.
    /// - Parameter patch: what it makes of a key; asked for only where a rule may be left by that.
    package nonisolated(nonsending) func caught(
        _ action: ApprovalAction, _ parameters: [String: String], needing permission: Permission?,
        patch: nonisolated(nonsending) () async throws -> JSONValue? = { nil }, _ context: Context
    ) async throws -> Caught? {
        let rules = try await rules(at: context.epoch)
        // Most requests are about nothing that any rule names.
        let scopes = RuleScopes(action == .updateKey ? rules : [])
        guard !scopes.isEmpty || rules.contains(where: { $0.mayCatch(action) }) else { return nil }
        guard let subject = try await subject(of: parameters) else { return nil }
        if let permission, !context.mayStill(permission, on: subject.target) { return nil }
        var catching = try await catching(action, on: subject, of: rules, in: ledger.database.vital)
        if !scopes.isEmpty, let before = subject.target, let patch = try await patch() {
            let left = scopes.left(from: before, to: before.changed(by: patch))
            catching += left.filter { rule in !catching.contains { $0.id == rule.id } }
        }
        return catching.isEmpty ? nil : Caught(rules: catching, subject: subject)
    }

    /// Keeps the request when its client said that it would wait; else tells where to ask.
    /// - Parameter rehearse: throws what the request itself would be refused with.
    package nonisolated(nonsending) func answer(
        _ request: Request, _ action: ApprovalAction, by operation: String, isFetched: Bool = false,
        _ caught: Caught, _ context: Context,
        rehearse: nonisolated(nonsending) () async throws -> Void = {}
    ) async throws -> Response {
        guard request.prefersAsync else { throw Problem.approvalRequired(action, caught.rules) }
        let reason = request.head.headers[Self.reasonHeader]
        try await Self.check(reason, caught.rules, rehearse)
        let body = try await request.body.collect(limit: ParkedRequest.bodyBytes)
        let wanted = Wanted(
            action, operation: operation, isFetched: isFetched,
            ParkedRequest(request, body: body), reason: reason, rules: caught.rules, subject: caught.subject)
        return try await park(wanted, context).accepted(at: context.now)
    }

    /// Whoever has mistakes in the body and in the reason is told of both at once.
    private static nonisolated(nonsending) func check(
        _ reason: String?, _ rules: [ApprovalRule],
        _ rehearse: nonisolated(nonsending) () async throws -> Void
    ) async throws {
        let sentences = ReasonDemand.mistakes(in: reason, of: rules.map(\.content.reason))
        let mistakes = sentences.map { sentence in
            FieldError(
                pointer: "header:Keybell-Reason",
                code: reason == nil ? FieldCode.missing : FieldCode.malformed, message: sentence)
        }
        do {
            try await rehearse()
        } catch var errors as FieldErrors {
            for mistake in mistakes { errors.append(mistake) }
            throw errors
        } catch var problem as Problem where !problem.errors.isEmpty {
            problem.errors += mistakes
            throw problem
        }
        guard let first = sentences.first else { return }
        throw Problem(.invalidParameter, "Keybell-Reason \(first).", errors: mistakes)
    }

    private static let reasonHeader: HeaderName = "keybell-reason"
}

extension ApprovalRule {
    fileprivate func mayCatch(_ action: ApprovalAction) -> Bool {
        action.changesRules || content.actions.contains(action)
    }
}

extension Problem {
    /// Where to ask, and whom.
    static func approvalRequired(_ action: ApprovalAction, _ rules: [ApprovalRule]) -> Problem {
        let asked = rules.map { rule in
            let count = rule.content.approvals
            return "\(count) approval\(count == 1 ? "" : "s") of the role \(rule.content.role) "
                + "(rule \"\(rule.content.name)\")"
        }
        let named = rules.map { rule -> JSONValue in
            [
                "id": .string(rule.id.description), "name": .string(rule.content.name),
                "role": .string(rule.content.role),
                "approvals": .number(JSONNumber(Int64(rule.content.approvals))),
            ]
        }
        return Problem(
            .approvalRequired,
            "\(action.rawValue) needs \(asked.joined(separator: ", and ")). Nothing was done. To ask, send "
                + "the same request with \"Prefer: respond-async\" and \"Keybell-Reason\": it then waits in "
                + "/v1/approvals.",
            members: [("action", .string(action.rawValue)), ("rules", .array(named))])
    }
}
