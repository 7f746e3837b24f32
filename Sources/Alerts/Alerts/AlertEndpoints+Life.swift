import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// What people do about an alert.
extension AlertEndpoints {
    var writing: [Operation] {
        let path = "/v1/alerts/{alert_id}"
        return [
            Operation(
                .post, path + "/acknowledge", id: "acknowledgeAlert", requires: .scoped(.alertsWrite),
                errors: [.notFound, .conflict, .preconditionFailed], bodyLimit: Self.bodyBytes
            ) { try await acknowledge($0, $1) },
            Operation(
                .post, path + "/assign", id: "assignAlert", requires: .scoped(.alertsWrite),
                errors: [.notFound, .conflict, .preconditionFailed], bodyLimit: Self.bodyBytes
            ) { try await assign($0, $1) },
            Operation(
                .post, path + "/comments", id: "commentAlert", requires: .scoped(.alertsWrite),
                errors: [.notFound, .conflict], bodyLimit: Self.bodyBytes
            ) { try await comment($0, $1) },
            Operation(
                .post, path + "/resolve", id: "resolveAlert", requires: .scoped(.alertsWrite),
                errors: [.notFound, .preconditionFailed], bodyLimit: Self.bodyBytes
            ) { try await resolve($0, $1) },
        ]
    }

    /// A note of a thousand characters, however it is written.
    static let bodyBytes = 16 * 1_024

    private nonisolated(nonsending) func acknowledge(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var wanted: Period?
        let note = try await request.note { f in
            wanted = f.parsed(optional: "expires_in", expected: Self.periodExpected) { text in
                Period(text).flatMap {
                    (Acknowledgement.atLeast...Acknowledgement.atMost).contains($0) ? $0 : nil
                }
            }
        }
        return try await change(request, context, "alerts.acknowledge", note) { alert, mark, change in
            if alert.state == .resolved { throw Problem(.conflict, "The alert is resolved.") }
            if let before = alert.acknowledged, before.stands(at: mark.at) {
                let isOwn = before.mark.by == mark.by && wanted != nil
                guard isOwn else { return false }
            }
            if alert.isSecurity, let wanted, wanted > Acknowledgement.ofSecurityAtMost {
                throw Problem.longAcknowledgement
            }
            let one = Acknowledgement(
                mark: mark, until: Acknowledgement.end(wanted, of: alert.isSecurity, at: mark.at),
                count: alert.count, severity: alert.severity)
            alert.acknowledged = one
            if alert.assignee == nil { alert.assignee = mark.by }
            change.emit(alert.acknowledgement(one, origin: origin))
            return true
        }
    }

    private static let periodExpected = "a time such as 30m or 4h, from 1m to 30d"

    private nonisolated(nonsending) func assign(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var assignee: PrincipalID?
        // Without a name, whoever asks takes it.
        let note = try await request.note { f in
            assignee =
                f.parsed(optional: "assignee_id", expected: "the id of a user or a service account") {
                    PrincipalID($0)
                } ?? context.actor.principal
        }
        return try await change(request, context, "alerts.assign", note) { alert, mark, change in
            if alert.state == .resolved { throw Problem(.conflict, "The alert is resolved.") }
            guard alert.assignee != assignee?.description else { return false }
            if let assignee { try await refuseAbsent(assignee, in: change.transaction) }
            alert.assignee = assignee?.description
            change.emit(alert.assignment(mark, origin: origin))
            return true
        }
    }

    private static let findPrincipal = Statement(
        "alert_assignee", "select from principal where id = $1 and kind = $2 and status = 'active'")

    private nonisolated(nonsending) func refuseAbsent(
        _ principal: PrincipalID, in transaction: Transaction
    ) async throws {
        let found = try await transaction.query(
            Self.findPrincipal, .uuid(principal.uuid), .text(principal.kind.rawValue))
        guard found.isEmpty else { return }
        throw Problem(
            .validationFailed, "Nobody of that id is here.",
            errors: [
                FieldError(
                    pointer: "/assignee_id", code: FieldCode.notAChoice,
                    message: "is no active user or service account")
            ])
    }

    private nonisolated(nonsending) func comment(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        var fields = try await request.fields(limit: Self.bodyBytes)
        let text = fields.prose("text")
        try fields.finish()
        let comment = AlertComment(
            id: ledger.newID(), at: context.now, author: context.actor.principal?.description ?? "",
            text: text)
        try await ledger.change(context) { change in
            guard
                let (alert, _) = try await alerts.lock(
                    id, .alertsWrite, for: context, in: change.transaction)
            else { throw Problem.notFound("alert") }
            guard try await comment.insert(on: id, in: change.transaction) else {
                throw Problem(.conflict, "An alert takes \(AlertComment.atMost) comments.")
            }
            change.audit("alerts.comment", id, detail: ["comment_id": .string(comment.id.description)])
            change.emit(alert.comment(comment, origin: origin))
        }
        return Response.json(.created) { w in comment.write(to: &w) }
    }

    nonisolated(nonsending) func comments(_ request: Request, _ context: Context) async throws -> Response {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let after = parameters.cursor { AlertCommentID($0) }
        try parameters.finish()
        let alert = try await found(request, context)
        let comments = try await AlertComment.list(
            of: alert.id, after: after, limit: limit + 1, in: alerts.database)
        let page = comments.prefix(limit)
        let next = comments.count > limit ? page.last.map { Cursor([$0.id.description]).text } : nil
        return Response.object { w in
            w.array("data", page) { w, comment in comment.write(to: &w) }
            w.field("next_cursor", next)
        }
    }

    private nonisolated(nonsending) func resolve(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let note = try await request.note { _ in }
        return try await change(request, context, "alerts.resolve", note) { alert, mark, change in
            guard alert.state == .firing else { return false }
            alert.state = .resolved
            alert.resolved = mark
            change.emit(alert.resolution(mark, origin: origin))
            return true
        }
    }

    /// Changes an alert that the caller sees; `edit` says whether anything changed.
    private nonisolated(nonsending) func change(
        _ request: Request, _ context: Context, _ action: String, _ note: String?,
        _ edit: nonisolated(nonsending) (inout Alert, Alert.Mark, Change) async throws -> Bool
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try id(of: request)
        let mark = Alert.Mark(at: context.now, by: context.actor.principal?.description, note: note)
        let seen = try await ledger.change(context) { change in
            guard
                let (found, sight) = try await alerts.lock(
                    id, .alertsWrite, for: context, in: change.transaction)
            else { throw Problem.notFound("alert") }
            var alert = found
            try request.match(revision: alert.revision, required: false)
            change.audit(action, id, detail: ["note": .of(note)])
            guard try await edit(&alert, mark, change) else { return alert.seen(by: sight) }
            alert.revision += 1
            try await alerts.mark(alert, in: change.transaction)
            return alert.seen(by: sight)
        }
        return answer(seen)
    }
}

extension Problem {
    fileprivate static let longAcknowledgement = Problem(
        .validationFailed, "A security alert is acknowledged for a day at most, and then told again.",
        errors: [
            FieldError(
                pointer: "/expires_in", code: FieldCode.outOfRange,
                message: "must be at most \(Acknowledgement.ofSecurityAtMost) for a security alert")
        ])
}

extension Request {
    /// Of an optional body: `note`, and what `more` reads.
    fileprivate nonisolated(nonsending) func note(
        _ more: (inout Fields) -> Void
    ) async throws -> String? {
        var fields =
            body.isEmpty
            ? try Fields(.object(JSONObject())) : try await fields(limit: AlertEndpoints.bodyBytes)
        let note = fields.prose(optional: "note")
        more(&fields)
        try fields.finish()
        return note
    }
}
