import Access
import Alerts
import Events
import Jobs
import Kernel
import Keys
import Market
import Signals

/// Rules, their alerts and who is told of them, on one worker.
struct AlertRooms {
    let operations: [Operation]
    let jobs: [Job]

    /// - Parameters:
    ///   - hands: what rules do to keys.
    ///   - enqueue: for what is told later than it fired.
    init(
        _ shared: NodeShared, ledger: Ledger, engine: AlertEngine, hands: RuleHands,
        enqueue: @escaping CourseEngine.Enqueue
    ) {
        let (things, origin) = (KeyTargets.source, shared.settings.origin)
        let rights = PrincipalRights.reader(shared.clock)
        let rules = AlertRuleStore(database: ledger.database)
        let alerts = AlertStore(database: ledger.database, things: things)
        let candles = CandleRetelling(
            database: ledger.database, offLoop: shared.retellings, models: shared.settings.gradeModels,
            supplied: MarketRooms.supplied)
        let explanation = EventExplanationEndpoint(rules: rules, things: things, rights: rights)
        operations =
            AlertRuleEndpoints(
                rules: rules, ledger: ledger, things: things, rights: rights, hands: hands,
                past: { try await candles.events($0) }, backtests: shared.backtests
            ) { try await PrincipalRights.left(of: $0, at: shared.clock.now(), in: ledger.database) }
            .operations
            + RulePackEndpoints(packs: Assets.packs, rules: rules, ledger: ledger).operations
            + HeartbeatEndpoints(ledger: ledger, rules: rules, origin: origin).operations
            + OwnHeartbeatEndpoints(ledger: ledger).operations
            + AlertEndpoints(alerts: alerts, rules: rules, ledger: ledger, origin: origin).operations
            + AlertRouteEndpoints(ledger: ledger).operations
            + SilenceEndpoints(ledger: ledger, alerts: alerts).operations
            + MaintenanceWindowEndpoints(ledger: ledger).operations
            + QuietHoursEndpoints(ledger: ledger).operations
            + [explanation.operation]
        let dues = AlertDues(
            ledger: ledger, engine: engine, things: things, rights: rights, origin: origin, enqueue: enqueue)
        jobs = AlertJobs(database: ledger.database).jobs + [RuleExpiry(ledger: ledger).job, dues.job]
    }
}
