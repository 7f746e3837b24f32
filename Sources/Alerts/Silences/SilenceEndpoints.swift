package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Webhooks

/// `/v1/silences`.
package struct SilenceEndpoints {
    private static let bodyBytes = 32 * 1_024

    private let ledger: Ledger
    private let alerts: AlertStore

    package init(ledger: Ledger, alerts: AlertStore) { (self.ledger, self.alerts) = (ledger, alerts) }

    package var operations: [Operation] {
        let path = "/v1/silences/{silence_id}"
        return [
            Operation(
                .get, "/v1/silences", id: "listSilences", requires: .permission(.silencesRead), bodyLimit: 0
            ) { try await list($0, $1) },
            Operation(
                .post, "/v1/silences", id: "createSilence", requires: .permission(.silencesWrite),
                errors: [.conflict], bodyLimit: Self.bodyBytes
            ) { try await create($0, $1, hidesSecurity: false) },
            Operation(
                .post, "/v1/security-silences", id: "createSecuritySilence",
                requires: .permission(.silencesWrite), errors: [.conflict, .approvalRequired],
                bodyLimit: Self.bodyBytes
            ) { try await create($0, $1, hidesSecurity: true) },
            Operation(
                .post, "/v1/silences/preview", id: "previewSilence", requires: .scoped(.alertsRead),
                bodyLimit: Self.bodyBytes
            ) { try await preview($0, $1) },
            Operation(
                .get, path, id: "getSilence", requires: .permission(.silencesRead), errors: [.notFound],
                bodyLimit: 0
            ) { request, _ in try await get(request) },
            Operation(
                .post, path + "/end", id: "endSilence", requires: .permission(.silencesWrite),
                errors: [.notFound, .preconditionFailed], bodyLimit: 0
            ) { try await end($0, $1) },
        ]
    }

    private enum State: String, CaseIterable { case running, ended }

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let state = parameters.choice("state", State.self)
        let before = parameters.cursor { SilenceID($0) }
        try parameters.finish()
        let found = try await SilenceStore.list(
            isRunning: state.map { $0 == .running }, before: before, limit: limit + 1, at: context.now,
            in: ledger.database)
        let page = found.prefix(limit)
        let next = found.count > limit ? page.last.map { Cursor([$0.id.description]).text } : nil
        return Response.object { w in
            w.array("data", page) { w, silence in silence.write(to: &w) }
            w.field("next_cursor", next)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request) async throws -> Response {
        try request.parameters().finish()
        guard let silence = try await SilenceStore.find(try id(of: request), in: ledger.database) else {
            throw Problem.notFound("silence")
        }
        return answer(silence)
    }

    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context, hidesSecurity: Bool
    ) async throws -> Response {
        try request.parameters().finish()
        let draft = try Silence.Draft(try await request.fields(limit: Self.bodyBytes), at: context.now)
        // Nobody hides security alerts alone: where no rule asks for approvals, it is refused.
        if hidesSecurity, !context.isApproved { throw Problem.unapprovedSilence }
        let silence = Silence(
            id: ledger.newID(), matchers: draft.matchers, reason: draft.reason, hidesSecurity: hidesSecurity,
            author: context.author, createdAt: context.now, startsAt: draft.startsAt, endsAt: draft.endsAt,
            revision: 1)
        try await ledger.change(context) { change in
            guard try await SilenceStore.insert(silence, in: change.transaction) else {
                throw Problem(.conflict, "There are \(Silence.atMost) silences that did not end yet.")
            }
            change.touchesConfiguration = true
            change.audit(
                "silences.create", silence.id,
                detail: ["matchers": silence.matchersTexts, "reason": .string(silence.reason)])
            change.emit(silence.creation)
        }
        var response = Response.json(.created) { w in silence.write(to: &w) }.etag(silence.revision)
        response.head.add(.location, "/v1/silences/\(silence.id)")
        return response
    }

    private nonisolated(nonsending) func end(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        let id = try id(of: request)
        let ended = try await ledger.change(context) { change in
            guard let silence = try await SilenceStore.lock(id, in: change.transaction) else {
                throw Problem.notFound("silence")
            }
            try request.match(revision: silence.revision, required: false)
            change.audit("silences.end", id)
            guard silence.endedAt == nil else { return silence }
            try await SilenceStore.end(id, at: context.now, by: context.author, in: change.transaction)
            try await TellingStore.lookAgain(at: context.now, in: change.transaction)
            var ended = silence
            (ended.endedAt, ended.endedBy) = (context.now, context.author)
            ended.revision += 1
            change.touchesConfiguration = true
            change.emit(ended.ending)
            return ended
        }
        return answer(ended)
    }

    private nonisolated(nonsending) func preview(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let matchers = fields.labelMatchers(atLeast: 1)
        let hidesSecurity = fields.bool("security", default: false)
        try fields.finish()
        let preview = try await SilencePreview.of(
            matchers, hidesSecurity: hidesSecurity, for: context, alerts)
        return Response.json { w in preview.write(to: &w) }
    }

    private func id(of request: Request) throws(Problem) -> SilenceID {
        guard let id = SilenceID(request.pathParameter("silence_id")) else {
            throw Problem.notFound("silence")
        }
        return id
    }

    private func answer(_ silence: Silence) -> Response {
        Response.json { w in silence.write(to: &w) }.etag(silence.revision)
    }
}

extension Problem {
    fileprivate static let unapprovedSilence = Problem(
        .approvalRequired,
        "createSecuritySilence needs approvals, and no approval rule asks for any. Nothing was done. Make a "
            + "rule in /v1/approval-rules that names it; a silence of /v1/silences hides no security alert.",
        members: [("action", .string("createSecuritySilence")), ("rules", .array([]))])
}
