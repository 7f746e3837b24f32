package import Access
import HTTPServer
import JSON
package import Kernel

/// Jobs over HTTP. Every worker has its own; the scheduler of some node does the work.
package struct JobEndpoints {
    private let jobs: [Job]
    private let book: RunBook
    private let clock: Clock
    /// Tells this node's scheduler, wherever it lives, that a run was asked for.
    private let wake: () -> Void

    package init(_ jobs: [Job], book: RunBook, clock: Clock, wake: @escaping () -> Void = {}) {
        self.jobs = jobs
        self.book = book
        self.clock = clock
        self.wake = wake
    }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/jobs", id: "listJobs", requires: .permission(.jobsRead), bodyLimit: 0, handle: list
            ),
            Operation(
                .get, "/v1/jobs/{name}", id: "getJob", requires: .permission(.jobsRead), errors: [.notFound],
                bodyLimit: 0, handle: read),
            Operation(
                .get, "/v1/jobs/{name}/runs", id: "listJobRuns", requires: .permission(.jobsRead),
                errors: [.notFound], bodyLimit: 0, handle: listRuns),
            Operation(
                .post, "/v1/jobs/{name}/run", id: "runJob", requires: .permission(.jobsRun),
                errors: [.notFound, .conflict], bodyLimit: 0, handle: run),
        ]
    }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        let names = jobs.map(\.name)
        let states = try await book.jobs.states(names)
        let latest = try await book.runs.latest(names)
        return .object { w in
            w.array("data", jobs.sorted { $0.name < $1.name }) { w, job in
                write(job, states[job.name], latest[job.name], to: &w)
            }
            w.null("next_cursor")
        }
    }

    private nonisolated(nonsending) func read(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        let job = try named(request)
        let states = try await book.jobs.states([job.name])
        let latest = try await book.runs.latest([job.name])
        return .json { w in write(job, states[job.name], latest[job.name], to: &w) }
    }

    private nonisolated(nonsending) func listRuns(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let cursor = parameters.cursor()
        let outcome = parameters.choice("outcome", RunRecord.Outcome.self)
        let last = Self.position(cursor)
        if cursor != nil && last == nil {
            parameters.fail("cursor", code: "malformed", "is no cursor of this list")
        }
        try parameters.finish()
        let runs = try await book.runs.list(
            named(request).name, outcome: outcome, after: last, limit: limit + 1)
        let page = runs.prefix(limit)
        return .object { w in
            w.array("data", page) { w, run in run.write(to: &w) }
            w.field("next_cursor", runs.count > limit ? page.last.map(Self.cursor) : nil)
        }
    }

    private nonisolated(nonsending) func run(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        let run = try await book.request(named(request).name, context)
        wake()
        return .json(.accepted) { w in run.write(to: &w) }
    }

    private func named(_ request: Request) throws(Problem) -> Job {
        let name = request.pathParameter("name")
        guard let job = jobs.first(where: { $0.name == name }) else { throw .notFound("job") }
        return job
    }

    private func write(_ job: Job, _ state: JobState?, _ last: RunRecord?, to w: inout JSONWriter) {
        w.object { w in
            w.field("name", job.name)
            w.field("description", job.summary)
            w.object("schedule") { w in w.field("every", job.every.description) }
            w.field("timeout", job.timeout.description)
            w.field("next_run_at", (state?.nextRunAt ?? clock.now()).description)
            w.field("running", state?.run != nil)
            w.field("last_run", last)
        }
    }

    private static func cursor(_ run: RunRecord) -> String {
        Cursor([String(run.startedAt.microseconds), run.id.description]).text
    }

    private static func position(_ cursor: Cursor?) -> (startedAt: Timestamp, id: RunID)? {
        guard let parts = cursor?.parts, parts.count == 2, let microseconds = Int64(parts[0]),
            let id = RunID(parts[1])
        else { return nil }
        return (Timestamp(microseconds: microseconds), id)
    }
}
