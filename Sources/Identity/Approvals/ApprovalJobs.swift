import Access
import Events
import JSON
package import Jobs
import Kernel
import Postgres

/// What time does to approvals.
package struct ApprovalJobs {
    private static let batch = 100
    /// Longer than anything that is carried out: a node that began it is gone.
    private static let runningAtMost: Period = .minutes(10)
    /// A year and a month, as alerts are kept.
    private static let kept: Period = .days(400)

    private static let due = Statement(
        "approval_due",
        """
        select id from approval where state = 'approved' and not fetched and due_at <= $1
        order by due_at, id limit $2
        """)
    private static let lapsed = Statement(
        "approval_lapsed",
        """
        select id from approval where state = 'pending' and expires_at <= $1
            or state = 'approved' and lapses_at <= $1
        order by expires_at, id limit $2
        """)
    private static let lost = Statement(
        "approval_lost",
        "select id from approval where state = 'running' and claimed_at < $1 order by id limit $2")
    private static let delete = Statement(
        "approval_retention",
        """
        delete from approval where id in (
            select id from approval where finished_at < $1 order by finished_at limit $2)
        """)

    private let book: ApprovalBook
    private let executor: ApprovalExecutor

    package init(book: ApprovalBook, executor: ApprovalExecutor) {
        (self.book, self.executor) = (book, executor)
    }

    package var jobs: [Job] {
        [
            Job(
                "approvals",
                "Carries out what was approved, once its delay is over, and ends what nobody decided.",
                every: .minutes(1), run: run)
        ]
    }

    private nonisolated(nonsending) func run(_ run: JobRun) async throws -> JSONObject {
        let now = run.context.now
        let lapsed = try await ids(Self.lapsed, now)
        for id in lapsed where !run.isOver { try await book.expire(id) }
        let lost = try await ids(Self.lost, now - Self.runningAtMost)
        for id in lost where !run.isOver { try await book.finish(id, .lost) }
        let due = try await ids(Self.due, now)
        for id in due where !run.isOver { await executor.run(id) }
        _ = try await book.ledger.database.transaction { transaction in
            try await transaction.query(Self.delete, .timestamp(now - Self.kept), .int(Self.batch))
        }
        return JSONObject(
            members: [("expired", lapsed.count), ("lost", lost.count), ("due", due.count)].map {
                ($0, .number(JSONNumber(Int64($1))))
            })
    }

    private nonisolated(nonsending) func ids(
        _ statement: Statement, _ time: Timestamp
    ) async throws -> [ApprovalID] {
        try await book.ledger.database.query(statement, .timestamp(time), .int(Self.batch)).map { $0.id(0) }
    }
}

extension ApprovalBook.Ending {
    fileprivate static let lost = ApprovalBook.Ending(
        state: .unknown, status: nil,
        error: "The node that carried it out went away: nobody knows whether it was done.", body: nil)
}

extension ApprovalBook {
    /// Nothing, when it was decided meanwhile.
    fileprivate nonisolated(nonsending) func expire(_ id: ApprovalID) async throws {
        let context = Context.installation(now: ledger.clock.now(), requestID: id.description)
        try await ledger.change(context) { change in
            var approval = try await ApprovalStore.lock(id, in: change.transaction)
            guard !approval.state.isOver, approval.state(at: context.now) == .expired else { return }
            (approval.state, approval.finishedAt) = (.expired, context.now)
            try await ApprovalStore.step(approval, in: change.transaction)
            change.audit("approvals.expire", id)
            change.emit(approval.event(.approvalExpired))
        }
    }
}
