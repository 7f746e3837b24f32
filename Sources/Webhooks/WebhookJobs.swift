import Access
package import Events
package import Jobs
import JSON
package import Kernel
import Postgres

/// The room's jobs.
package struct WebhookJobs {
    /// How long what was delivered is kept, and what was not.
    package static let keepDelivered = Period.days(30)
    package static let keepDead = Period.days(90)
    /// A secret this old is due, and reminded of this often.
    package static let secretAge = Period.days(365)
    static let remindEvery = Period.days(30)
    /// Rows a step deletes: short transactions.
    private static let stepRows = 2_000

    private let ledger: Ledger
    private let directory: WebhookDirectory
    private let standing: WebhookStanding
    /// Takes due deliveries now; returns how many.
    private let poll: nonisolated(nonsending) () async throws -> Int

    package init(
        ledger: Ledger, directory: WebhookDirectory,
        poll: nonisolated(nonsending) @escaping () async throws -> Int
    ) {
        (self.ledger, self.directory, self.poll) = (ledger, directory, poll)
        standing = WebhookStanding(ledger: ledger)
    }

    package var jobs: [Job] {
        [
            Job(
                "delivery-retry", "Sends due deliveries, and suspends webhooks of disabled owners.",
                every: .minutes(1), run: retry),
            Job(
                "delivery-retention", "Deletes deliveries that are over and old.", every: .hours(1),
                run: retain),
            Job(
                "secret-rotation-due",
                "Reminds of webhook secrets older than a year, and of client certificates that lapse.",
                every: .hours(6),
                run: remind),
        ]
    }

    private nonisolated(nonsending) func retry(_ run: JobRun) async throws -> JSONObject {
        let taken = try await poll()
        let view = try await directory.view(in: ledger.database)
        let entries = view.webhooks.entries.values
        let absent = Set(
            entries.filter { $0.status.takesMessages && view.rights[$0.owner] == nil }.map(\.owner))
        let present = Set(
            entries.filter { $0.status == .suspended && view.rights[$0.owner] != nil }.map(\.owner))
        for owner in absent where !run.isOver { try await standing.suspend(owner) }
        for owner in present where !run.isOver { try await standing.resume(owner) }
        return counts([
            ("taken", taken), ("suspended_owners", absent.count), ("resumed_owners", present.count),
        ])
    }

    private func counts(_ counts: [(String, Int)]) -> JSONObject {
        var object = JSONObject()
        for (name, count) in counts { _ = object.append(name, .number(JSONNumber(count))) }
        return object
    }

    // MARK: Retention

    private static let deleteOld = Statement(
        "delivery_delete_old",
        """
        with old as (
            select id from delivery
            where id < $1 and (state = 'delivered' and created_at < $2 or state = 'dead' and dead_at < $3)
            order by id limit $4
        ), attempts as (
            delete from delivery_attempt where delivery in (select id from old)
        )
        delete from delivery where id in (select id from old)
        """)

    private nonisolated(nonsending) func retain(_ run: JobRun) async throws -> JSONObject {
        let now = run.context.now
        let (delivered, dead) = (now - Self.keepDelivered, now - Self.keepDead)
        // Ids sort by time: only what is old enough is looked at.
        let newest = UUID(high: UInt64(max(delivered.milliseconds, 0)) << 16, low: 0)
        var deleted = 0
        while !run.isOver {
            let rows = try await ledger.database.transaction { transaction in
                try await transaction.query(
                    Self.deleteOld, .uuid(newest), .timestamp(delivered), .timestamp(dead),
                    .int(Self.stepRows))
            }
            deleted += rows.affected
            if rows.affected < Self.stepRows { break }
        }
        try await ChannelPace.forget(before: now - .hours(1), in: ledger.database)
        return counts([("deleted", deleted)])
    }

    // MARK: Secrets

    private static let dueSecrets = Statement(
        "webhook_secret_due",
        """
        update webhook_secret s set rotation_notice_at = $1 from webhook w
        where w.id = s.webhook and s.expires_at is null and s.created_at <= $2
            and (s.rotation_notice_at is null or s.rotation_notice_at <= $3)
            and not exists (
                select from webhook_channel c where c.webhook = w.id and c.kind not in ('json', 'cloudevents')
            )
        returning s.id, s.webhook, w.name, w.url, s.created_at
        """)

    private nonisolated(nonsending) func remind(_ run: JobRun) async throws -> JSONObject {
        let now = run.context.now
        let count = try await ledger.change(run.context) { change in
            let rows = try await change.transaction.query(
                Self.dueSecrets, .timestamp(now), .timestamp(now - Self.secretAge),
                .timestamp(now - Self.remindEvery))
            for row in rows { _ = change.emit(Self.notice(row, at: now)) }
            return rows.count + (try await remindOfCertificates(change))
        }
        return counts([("due", count)])
    }

    /// A certificate this close to its end, and reminded of this often.
    static let certificateNotice = Period.days(30)
    static let remindOfCertificatesEvery = Period.days(7)

    private static let dueCertificates = Statement(
        "webhook_certificate_due",
        """
        update webhook set certificate_notice_at = $1
        where certificate_expires_at <= $2 and (certificate_notice_at is null or certificate_notice_at <= $3)
        returning id, name, url, certificate_expires_at
        """)

    nonisolated(nonsending) func remindOfCertificates(_ change: Change) async throws -> Int {
        let now = change.context.now
        let rows = try await change.transaction.query(
            Self.dueCertificates, .timestamp(now), .timestamp(now + Self.certificateNotice),
            .timestamp(now - Self.remindOfCertificatesEvery))
        for row in rows {
            let left = row.timestamp(3) - now
            change.emit(
                NewEvent(
                    .endpointCertificateExpiring, subject: row.id(0, as: WebhookKind.self),
                    [
                        "webhook_id": .string(row.id(0, as: WebhookKind.self).description),
                        "name": .string(row.text(1)), "host": .string(Webhook.host(of: row.text(2))),
                        "expires_at": .string(row.timestamp(3).description),
                        "days_left": .number(JSONNumber(left.microseconds / Period.days(1).microseconds)),
                    ]))
        }
        return rows.count
    }

    private static func notice(_ row: Row, at now: Timestamp) -> NewEvent {
        let age = now - row.timestamp(4)
        let webhook = row.id(1, as: WebhookKind.self)
        return NewEvent(
            .secretRotationDue, subject: webhook,
            [
                "webhook_id": .string(webhook.description), "name": .string(row.text(2)),
                "host": .string(Webhook.host(of: row.text(3))),
                "secret_id": .string(row.id(0, as: WebhookSecretKind.self).description),
                "created_at": .string(row.timestamp(4).description),
                "days_old": .number(JSONNumber(age.microseconds / Period.days(1).microseconds)),
            ])
    }
}
