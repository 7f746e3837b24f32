import Access
import Events
import HTTPServer
import JSON
import Kernel

/// A rule over history, and going back to what it said before.
extension AlertRuleEndpoints {
    private static let spanAtMost = Period.days(400)

    func backtest(_ request: Request, _ context: Context) async throws -> Response {
        try request.parameters().finish()
        let rule = try await found(request)
        var fields = try await request.fields(limit: 16 * 1_024)
        let from = fields.parsed("from", expected: "an RFC 3339 time") { Timestamp($0) }
        let to = fields.parsed(optional: "to", expected: "an RFC 3339 time") { Timestamp($0) } ?? context.now
        if let from, from >= to {
            fields.fail("from", code: FieldCode.outOfRange, "must be before to")
        } else if let from, to - from > Self.spanAtMost {
            fields.fail("from", code: FieldCode.outOfRange, "must be at most 400 days before to")
        }
        try fields.finish()
        guard let place = backtests.place(for: context.actor.principal) else {
            throw Problem(
                .tooManyStreams,
                "\(backtests.perPrincipal) backtests of yours run already, or as many as fit on this node.")
        }
        let backtest = Backtest(
            rule: rule, from: from ?? to, to: to, database: rules.database, clock: ledger.clock
        ) {
            guard let leave = try await recheck(context), leave.rights.somewhere.contains(.rulesRead) else {
                return nil
            }
            return try await eyes(of: rule, context.actor.principal, leave.rights)
        }
        return Response(
            .ok, type: "application/x-ndjson",
            body: .stream { writer in
                defer { place.leave() }
                try await backtest.write(to: writer)
            })
    }

    /// The owner's and the caller's.
    private nonisolated(nonsending) func eyes(
        of rule: AlertRule, _ caller: PrincipalID?, _ rights: Rights
    ) async throws -> HistoryEyes {
        var rights = [rights]
        if let owner = rule.owner, caller != owner {
            let found = try await reader.rights(of: [owner], in: rules.database)
            rights.append(found[owner] ?? .none)
        }
        return HistoryEyes(sights: rights.map { EventSight(of: $0) }, things: things)
    }

    /// What a version said is said again, as a new version.
    func restore(_ request: Request, _ context: Context) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        var fields = try await request.fields(limit: 16 * 1_024)
        let number = fields.int("version", 1...Int(Int32.max))
        try fields.finish()
        return try await change(id, request, context, "rules.restore", requiresMatch: true) { rule, change in
            try rule.refuseOfPack()
            guard let version = try await rules.version(number, of: id, in: change.transaction) else {
                throw FieldErrors(
                    FieldError(pointer: "/version", code: "unknown", message: "there is no such version"))
            }
            if version.content == rule.content { return false }
            try await refuseUnknown(version.content.sendTo, in: change.transaction)
            if rule.isOn { try refuseFailing(rule.tests, of: version.content) }
            rule.content = version.content
            rule.version += 1
            if rule.isOn { (rule.status, rule.statusReason) = (.enabled, nil) }
            return true
        }
    }
}
