package import Access
import Events
package import HTTPServer
package import JSON
import Kernel

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
        var catching = try await catching(action, on: subject, of: rules, in: ledger.database)
        if !scopes.isEmpty, let before = subject.target, let patch = try await patch() {
            let left = scopes.left(from: before, to: before.changed(by: patch))
            catching += left.filter { rule in !catching.contains { $0.id == rule.id } }
        }
        return catching.isEmpty ? nil : Caught(rules: catching, subject: subject)
    }

    /// Keeps the request when its client said that it would wait; else tells where to ask.
    package nonisolated(nonsending) func answer(
        _ request: Request, _ action: ApprovalAction, by operation: String, isFetched: Bool = false,
        _ caught: Caught, _ context: Context
    ) async throws -> Response {
        guard request.prefersAsync else { throw Problem.approvalRequired(action, caught.rules) }
        let reason = try reason(in: request, caught.rules)
        let body = try await request.body.collect(limit: ParkedRequest.bodyBytes)
        let wanted = Wanted(
            action, operation: operation, isFetched: isFetched,
            ParkedRequest(request, body: body), reason: reason, rules: caught.rules, subject: caught.subject)
        return try await park(wanted, context).accepted(at: context.now)
    }

    private func reason(in request: Request, _ rules: [ApprovalRule]) throws(Problem) -> String {
        guard let reason = request.head.headers[Self.reasonHeader] else {
            throw .missingHeader("Keybell-Reason")
        }
        for rule in rules {
            if let mistake = rule.content.reason.mistake(in: reason) {
                throw .malformedHeader("Keybell-Reason", mistake)
            }
        }
        return reason
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
