import Access
import Events
import HTTPServer
import JSON
import Kernel

/// A rule over history, and going back to what it said before.
extension AlertRuleEndpoints {
    private static let spanAtMost = (events: Period.days(400), candles: Period.days(3_660))

    func backtest(_ request: Request, _ context: Context) async throws -> Response {
        try request.parameters().finish()
        let rule = try await found(request)
        var fields = try await request.fields(limit: 16 * 1_024)
        let source = source(of: rule, &fields)
        let from = fields.parsed("from", expected: "an RFC 3339 time") { Timestamp($0) }
        let to = fields.parsed(optional: "to", expected: "an RFC 3339 time") { Timestamp($0) } ?? context.now
        let spanAtMost = source == .candles ? Self.spanAtMost.candles : Self.spanAtMost.events
        if let from, from >= to {
            fields.fail("from", code: FieldCode.outOfRange, "must be before to")
        } else if let from, to - from > spanAtMost {
            fields.fail("from", code: FieldCode.outOfRange, "must be at most \(spanAtMost) before to")
        }
        try fields.finish()
        guard let place = backtests.place(for: context.actor.principal) else {
            throw Problem(
                .tooManyStreams,
                "\(backtests.perPrincipal) backtests of yours run already, or as many as fit on this node.")
        }
        let backtest: Backtest
        do {
            backtest = try await self.backtest(rule, over: source, from: from ?? to, to: to, for: context)
        } catch {
            place.leave()
            throw error
        }
        return Response(
            .ok, type: "application/x-ndjson",
            body: .stream { writer in
                defer { place.leave() }
                try await backtest.write(to: writer)
            })
    }

    /// What candles tell is gone through with them, unless what was told is asked for: of an upload's years
    /// little is told, and at the time when it came.
    private func source(of rule: AlertRule, _ fields: inout Fields) -> Backtest.Source {
        let isOverCandles = past != nil && rule.content.isOverCandles
        let source = fields.choice("over", Backtest.Source.self, default: isOverCandles ? .candles : .events)
        if source == .candles, !isOverCandles {
            fields.fail(
                "over", code: FieldCode.notAChoice, "must be events: the rule takes what no candle tells")
        }
        return source
    }

    private nonisolated(nonsending) func backtest(
        _ rule: AlertRule, over source: Backtest.Source, from: Timestamp, to: Timestamp, for context: Context
    ) async throws -> Backtest {
        Backtest(
            rule: rule, source: source, from: from, to: to,
            history: try await history(of: rule.content, over: source, from: from, to: to),
            earlier: try await earlier(than: from, of: rule.content, over: source),
            database: rules.database, clock: ledger.clock
        ) {
            guard let leave = try await recheck(context), leave.rights.somewhere.contains(.rulesRead) else {
                return nil
            }
            return try await eyes(of: rule, context.actor.principal, leave.rights)
        }
    }

    private nonisolated(nonsending) func history(
        of rule: RuleContent, over source: Backtest.Source, from: Timestamp, to: Timestamp
    ) async throws -> any BacktestHistory {
        guard source == .candles, let past else {
            return ToldHistory(rule, from: from, to: to, in: rules.database)
        }
        let types = EventType.toldOfCandles.filter(rule.takes)
        let question = PastQuestion(types, from: from, to: to, fields: rule.named)
        return RetoldHistory(rule, try await past(question), in: rules.database)
    }

    private nonisolated(nonsending) func earlier(
        than time: Timestamp, of rule: RuleContent, over source: Backtest.Source
    ) async throws -> (any BacktestHistory)? {
        let machine = RuleMachine(rule)
        guard source == .candles, machine.recalls else { return nil }
        let from = machine.recalled.map { time - $0 } ?? time - Self.spanAtMost.events
        do {
            return try await history(of: rule, over: source, from: from, to: time)
        } catch let errors as FieldErrors {
            let why = errors.errors.first?.message ?? "is too much"
            throw FieldErrors(
                FieldError(
                    pointer: "/over", code: FieldCode.outOfRange,
                    message: "of what was before it begins, \(why); or run it over events"))
        }
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
