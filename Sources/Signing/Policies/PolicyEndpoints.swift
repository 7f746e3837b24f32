package import Access
import Crypto
import HTTPServer
import JSON
import Kernel
import Postgres

/// Policies of keys, accounts and the desk: the same operations at three places.
package struct PolicyEndpoints {
    static let bodyBytes = 128 * 1_024

    let book: PolicyBook
    let history: UsageHistory

    /// Requests that a draft is tried on, and that a proposal is made of one by one: the newest.
    let judgesAtMost: Int

    package init(book: PolicyBook, history: UsageHistory, judgesAtMost: Int = 10_000) {
        (self.book, self.history, self.judgesAtMost) = (book, history, judgesAtMost)
    }

    package var operations: [Operation] {
        PolicyRoute.all.flatMap { reading(at: $0) + writing(at: $0) + [trying(at: $0)] } + [proposal] + ready
    }

    private func reading(at route: PolicyRoute) -> [Operation] {
        [
            Operation(
                .get, route.path, id: "get\(route.noun)Policy", requires: route.reading,
                errors: [.notFound, .keyTampered], bodyLimit: 0
            ) { try await get($0, $1, route) },
            Operation(
                .get, route.path + "/history", id: "list\(route.noun)PolicyVersions",
                requires: route.reading, errors: [.notFound, .keyTampered], bodyLimit: 0
            ) { try await list($0, $1, route) },
            Operation(
                .get, route.path + "/diff", id: "diff\(route.noun)Policy",
                requires: route.reading, errors: [.notFound], bodyLimit: 0
            ) { try await diff($0, $1, route) },
            Operation(
                .get, route.path + "/draft", id: "get\(route.noun)PolicyDraft",
                requires: route.reading, errors: [.notFound], bodyLimit: 0
            ) { try await getDraft($0, $1, route) },
        ]
    }

    private func writing(at route: PolicyRoute) -> [Operation] {
        let publishing: [ProblemCode] = [
            .notFound, .conflict, .keyTampered, .preconditionFailed, .preconditionRequired,
        ]
        return [
            Operation(
                .put, route.path, id: "publish\(route.noun)Policy", requires: route.writing,
                errors: publishing, bodyLimit: Self.bodyBytes, stepUp: .recently
            ) { try await publish($0, $1, route) },
            Operation(
                .post, route.path + "/revert", id: "revert\(route.noun)Policy",
                requires: route.writing, errors: publishing, bodyLimit: Self.bodyBytes,
                stepUp: .recently
            ) { try await revert($0, $1, route) },
            Operation(
                .put, route.path + "/draft", id: "put\(route.noun)PolicyDraft",
                requires: route.writing,
                errors: [.notFound, .keyTampered, .preconditionFailed, .preconditionRequired],
                bodyLimit: Self.bodyBytes
            ) { try await putDraft($0, $1, route) },
            Operation(
                .delete, route.path + "/draft", id: "delete\(route.noun)PolicyDraft",
                requires: route.writing,
                errors: [.notFound, .preconditionFailed, .preconditionRequired], bodyLimit: 0
            ) { try await dropDraft($0, $1, route) },
            Operation(
                .post, route.path + "/draft/publish", id: "publish\(route.noun)PolicyDraft",
                requires: route.writing, errors: publishing, bodyLimit: Self.bodyBytes,
                stepUp: .recently
            ) { try await publishDraft($0, $1, route) },
        ]
    }
}

// MARK: Reading

extension PolicyEndpoints {
    private nonisolated(nonsending) func get(
        _ request: Request, _ context: Context, _ route: PolicyRoute
    ) async throws -> Response {
        try request.parameters().finish()
        let place = try await place(of: request, route, .policiesRead, context)
        let version = try await book.version(at: place)
        guard version > 0, let policy = try await book.version(version, at: place) else {
            throw Problem(.notFound, "No policy was published here yet. The ETag of none is \"0\".")
        }
        return answer(policy)
    }

    private nonisolated(nonsending) func list(
        _ request: Request, _ context: Context, _ route: PolicyRoute
    ) async throws -> Response {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let below = parameters.cursor { Int($0).flatMap(Self.version) }
        try parameters.finish()
        let place = try await place(of: request, route, .policiesRead, context)
        _ = try await book.version(at: place)
        let versions = try await book.page(of: place, below: below, limit: limit + 1)
        let page = versions.prefix(limit)
        let next = versions.count > limit ? page.last.map { Cursor([String($0.version)]).text } : nil
        return Response.object { w in
            w.array("data", page) { w, version in w.value(version) }
            w.field("next_cursor", next)
        }
    }

    private static func version(_ number: Int) -> Int? {
        (0...Int(Int32.max)).contains(number) ? number : nil
    }

    /// What changed from one version to another, or to the draft; 0 is none. Unless it is said, the newest
    /// and the one before, and of a draft the newest.
    private nonisolated(nonsending) func diff(
        _ request: Request, _ context: Context, _ route: PolicyRoute
    ) async throws -> Response {
        var parameters = try request.parameters()
        let from = parameters.int("from", 0...Int(Int32.max))
        let to = parameters.parsed("to", expected: "the number of a version, or draft", Edition.init)
        try parameters.finish()
        let place = try await place(of: request, route, .policiesRead, context)
        let newest = try await book.version(at: place)
        let new = to ?? .version(newest)
        let old = from ?? max((new.version ?? newest + 1) - 1, 0)
        let draft: PolicyDraft?
        let after: Policy
        switch new {
        case .version(let number):
            (draft, after) = (nil, try await document(number, at: place) ?? Policy())
        case .draft:
            let found = try await self.draft(at: place)
            let document = try JSONValue.parse(Array(found.document.utf8))
            (draft, after) = (found, try Policy(Fields(document), of: place.kind))
        }
        let before = try await document(old, at: place)
        return Response.object { w in
            w.field("from", old)
            switch new {
            case .version(let number): w.field("to", number)
            case .draft: w.field("to", Edition.draftName)
            }
            w.field("digest", draft.map { Hex.encode($0.digest) })
            w.array("changes", after.diff(from: before)) { w, change in w.value(change) }
        }
    }

    private enum Edition: Equatable {
        case version(Int)
        case draft

        static let draftName = "draft"

        init?(_ text: String) {
            if text == Self.draftName {
                self = .draft
            } else if let number = Int(text).flatMap(PolicyEndpoints.version), !text.hasPrefix("+") {
                self = .version(number)
            } else {
                return nil
            }
        }

        var version: Int? {
            if case .version(let number) = self { number } else { nil }
        }
    }

    /// Nil for version 0.
    nonisolated(nonsending) func document(_ version: Int, at place: PolicyPlace) async throws -> Policy? {
        guard version > 0 else { return nil }
        guard let found = try await book.version(version, at: place) else {
            throw Problem.notFound("version of the policy")
        }
        return try Policy(Fields(found.document), of: place.kind)
    }

    private nonisolated(nonsending) func getDraft(
        _ request: Request, _ context: Context, _ route: PolicyRoute
    ) async throws -> Response {
        try request.parameters().finish()
        let place = try await place(of: request, route, .policiesRead, context)
        return try await draft(at: place).response()
    }

    nonisolated(nonsending) func draft(at place: PolicyPlace) async throws -> PolicyDraft {
        guard let draft = try await book.draft(at: place) else { throw Problem.notFound("draft") }
        return draft
    }

    private func answer(_ policy: PolicyVersion) -> Response {
        Response.json { w in w.value(policy) }.etag(Int64(policy.version))
    }
}

// MARK: Writing

extension PolicyEndpoints {
    private nonisolated(nonsending) func publish(
        _ request: Request, _ context: Context, _ route: PolicyRoute
    ) async throws -> Response {
        try request.parameters().finish()
        let place = try await place(of: request, route, .policiesWrite, context)
        let policy = try Policy(try await request.fields(limit: Self.bodyBytes), of: place.kind)
        try await book.checkHosts(of: policy, at: place)
        return try await publish(policy, note: nil, at: place, request, context)
    }

    private nonisolated(nonsending) func publish(
        _ policy: Policy, note: String?, at place: PolicyPlace, _ request: Request, _ context: Context
    ) async throws -> Response {
        let version = try await book.publish(policy, at: place, note: note, context: context) { version in
            try request.match(revision: Int64(version), required: true)
        }
        return answer(version)
    }

    private nonisolated(nonsending) func revert(
        _ request: Request, _ context: Context, _ route: PolicyRoute
    ) async throws -> Response {
        try request.parameters().finish()
        let place = try await place(of: request, route, .policiesWrite, context)
        try request.requireMatch()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let version = fields.int("version", 1...Int(Int32.max))
        let note = fields.string(optional: "note", 1...500)
        try fields.finish()
        let policy = try await document(version, at: place) ?? Policy()
        return try await publish(
            policy, note: note ?? "Back to version \(version).", at: place, request, context)
    }

    /// What a request is about, for whoever may do it there.
    private nonisolated(nonsending) func place(
        of request: Request, _ route: PolicyRoute, _ permission: Permission, _ context: Context
    ) async throws -> PolicyPlace {
        let place = try route.place(request)
        try await book.require(permission, at: place, context)
        return place
    }

    private nonisolated(nonsending) func putDraft(
        _ request: Request, _ context: Context, _ route: PolicyRoute
    ) async throws -> Response {
        try request.parameters().finish()
        let place = try await place(of: request, route, .policiesWrite, context)
        let policy = try Policy(try await request.fields(limit: Self.bodyBytes), of: place.kind)
        _ = try await book.version(at: place)
        try await book.checkHosts(of: policy, at: place)
        return try await book.putDraft(policy, at: place, context) { revision in
            // The first of a place takes nobody's work away.
            try request.match(revision: revision, required: revision > 0)
        }.response()
    }

    private nonisolated(nonsending) func dropDraft(
        _ request: Request, _ context: Context, _ route: PolicyRoute
    ) async throws -> Response {
        try request.parameters().finish()
        let place = try await place(of: request, route, .policiesWrite, context)
        try request.requireMatch()
        try await book.dropDraft(at: place, context) { revision in
            try request.match(revision: revision, required: true)
        }
        return Response(.noContent)
    }

    private nonisolated(nonsending) func publishDraft(
        _ request: Request, _ context: Context, _ route: PolicyRoute
    ) async throws -> Response {
        try request.parameters().finish()
        let place = try await place(of: request, route, .policiesWrite, context)
        try request.requireMatch()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let digest = fields.parsed("digest", expected: "64 hexadecimal digits, as the draft shows it") {
            Hex.decode($0).flatMap { $0.count == SHA256.digestBytes ? $0 : nil }
        }
        let note = fields.string(optional: "note", 1...500)
        try fields.finish()
        let version = try await book.publish(
            draft: digest ?? [], at: place, note: note, context: context
        ) { version in
            try request.match(revision: Int64(version), required: true)
        }
        return answer(version)
    }
}
