import Access
import JSON
package import Jobs
import Kernel
package import Postgres

/// What keeps the tables of alerts small.
package struct AlertJobs {
    /// A year and a month of resolved alerts for whoever looks back; firing ones stay.
    static let resolvedAlertsKept = Period.days(400)
    /// Far longer than any reader of events is behind, and than what a receiver missed is sent again.
    static let firingsKept = Period.days(35)
    /// Rows of one transaction.
    private static let batch = 5_000

    private static let deleteAlerts = Statement(
        "alert_retention",
        """
        with gone as (
            delete from alert where id in (
                select id from alert where state = 'resolved' and resolved_at < $1
                order by resolved_at limit $2)
            returning id
        ), unsaid as (
            delete from alert_comment where alert in (select id from gone)
        ), untold as (
            delete from alert_telling where alert in (select id from gone)
        ), undone as (
            delete from alert_due where alert in (select id from gone)
        )
        select id from gone
        """)
    private static let deleteFirings = Statement(
        "rule_firing_retention",
        """
        delete from rule_firing where (rule, event, at) in (
            select rule, event, at from rule_firing where at < $1 order by at limit $2)
        """)

    private static let deleteTellings = Statement(
        "alert_telling_retention",
        """
        delete from alert_telling where id in (
            select id from alert_telling where at < $1 order by at limit $2)
        """)
    private static let deleteActions = Statement(
        "rule_action_retention",
        """
        delete from rule_action_run where id in (
            select id from rule_action_run where state <> 'pending' and ended_at < $1
            order by ended_at limit $2)
        """)

    private let database: Database

    package init(database: Database) { self.database = database }

    package var jobs: [Job] {
        [
            Job(
                "alert-retention",
                "Deletes alerts 400 days after they were resolved; what fired, was told or done after 35.",
                every: .hours(24)
            ) { run in
                let now = run.context.now
                let alerts = try await delete(Self.deleteAlerts, before: now - Self.resolvedAlertsKept, run)
                let firings = try await delete(Self.deleteFirings, before: now - Self.firingsKept, run)
                let actions = try await delete(Self.deleteActions, before: now - Self.firingsKept, run)
                let tellings = try await delete(Self.deleteTellings, before: now - Self.firingsKept, run)
                var counts = JSONObject()
                _ = counts.append("actions", .number(JSONNumber(actions)))
                _ = counts.append("alerts", .number(JSONNumber(alerts)))
                _ = counts.append("firings", .number(JSONNumber(firings)))
                _ = counts.append("tellings", .number(JSONNumber(tellings)))
                return counts
            }
        ]
    }

    private nonisolated(nonsending) func delete(
        _ statement: Statement, before time: Timestamp, _ run: JobRun
    ) async throws -> Int {
        var total = 0
        while !run.isOver {
            let deleted = try await database.transaction { transaction in
                try await transaction.query(statement, .timestamp(time), .int(Self.batch)).affected
            }
            total += deleted
            if deleted < Self.batch { break }
        }
        return total
    }
}
