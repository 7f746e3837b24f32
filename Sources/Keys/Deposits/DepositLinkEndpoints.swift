import Access
import Events
import HTTPServer
import Identity
import JSON
import Kernel
import Postgres

/// Deposit links as the desk sees them: made, listed, withdrawn.
struct DepositLinkEndpoints {
    private static let bodyBytes = 1 << 16

    let database: Database
    let book: KeyBook
    /// `https://keybell.desk.example`, without a slash: links lead there.
    let publicOrigin: String

    var operations: [Operation] {
        let all = "/v1/keys/{key_id}/deposits"
        return [
            Operation(
                .get, all, id: "listDeposits", requires: .scoped(.keysRead), errors: [.notFound],
                bodyLimit: 0, handle: list),
            Operation(
                .post, all, id: "createDeposit", requires: .scoped(.keysWrite),
                errors: [.notFound, .conflict, .keyTampered, .alreadyDone], bodyLimit: Self.bodyBytes,
                repeats: .refusal, handle: create),
            Operation(
                .delete, all + "/{deposit_id}", id: "withdrawDeposit", requires: .scoped(.keysWrite),
                errors: [.notFound, .conflict], bodyLimit: 0, handle: withdraw),
        ]
    }

    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try request.keyID()
        let draft = try await draft(request)
        let secret = AccessTokenSecret(.deposit, book.ledger.entropy)
        let link = DepositLink(
            id: book.ledger.newID(), key: id, note: draft.note, createdAt: context.now,
            createdBy: context.actor.principal?.description ?? "installation",
            expiresAt: context.now + draft.lifetime)
        try await book.change(context) { change in
            _ = try await book.usable(id, change)
            let count = try await DepositStore.openCount(of: id, at: context.now, in: change.transaction)
            guard count < DepositLink.openLimit else {
                throw Problem(
                    .conflict, "The key has \(count) open deposit links already: withdraw some of them.")
            }
            try await DepositStore.insert(link, hash: secret.hash, in: change.transaction)
            change.audit("keys.deposits.create", link.id, detail: link.auditDetail)
        }
        let url = "\(publicOrigin)/deposit#\(secret.text)"
        return Response.json(.created) { w in
            link.write(to: &w, at: context.now, token: secret.text, url: url)
        }
    }

    /// An optional body may be missing altogether.
    private nonisolated(nonsending) func draft(
        _ request: Request
    ) async throws -> (note: String?, lifetime: Period) {
        if request.body.isEmpty { return (nil, DepositLink.usualLifetime) }
        var fields = try await request.fields(limit: Self.bodyBytes)
        let note = fields.has("note") && !fields.isNull("note") ? fields.text("note") : nil
        let lifetime = fields.parsed(optional: "expires_in", expected: "a period from 5m to 7d") { text in
            WrittenPeriod(text).map(\.period).flatMap { DepositLink.lifetimes.contains($0) ? $0 : nil }
        }
        try fields.finish()
        return (note, lifetime ?? DepositLink.usualLifetime)
    }

    private nonisolated(nonsending) func list(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let id = try request.keyID()
        var query = try request.parameters()
        let limit = query.limit()
        let cursor = query.cursor()
        let place = cursor.flatMap(Self.place)
        if cursor != nil, place == nil {
            query.fail("cursor", code: "invalid_cursor", "does not belong to this list")
        }
        try query.finish()
        guard try await KeyStore.exchange(of: id, in: database) != nil else { throw Problem.notFound("key") }
        let found = try await DepositStore.list(of: id, after: place, limit: limit, in: database)
        let page = found.prefix(limit)
        let last = found.count > limit ? page.last : nil
        return Response.object { w in
            w.array("data", page) { w, link in link.write(to: &w, at: context.now) }
            w.field("next_cursor", last.map { Self.cursor(behind: $0).text })
        }
    }

    private static func place(_ cursor: Cursor) -> (time: Timestamp, id: DepositID)? {
        guard cursor.parts.count == 3, cursor.parts[0] == "deposits", let time = Int64(cursor.parts[1]),
            let id = DepositID(cursor.parts[2])
        else { return nil }
        return (Timestamp(microseconds: time), id)
    }

    private static func cursor(behind link: DepositLink) -> Cursor {
        Cursor(["deposits", String(link.createdAt.microseconds), link.id.description])
    }

    /// A used one stays used: whoever withdraws it must know.
    private nonisolated(nonsending) func withdraw(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let key = try request.keyID()
        guard let id = DepositID(request.pathParameter("deposit_id")) else {
            throw Problem.notFound("deposit link")
        }
        try await book.ledger.change(context) { change in
            guard let link = try await DepositStore.locked(id, of: key, in: change.transaction) else {
                throw Problem.notFound("deposit link")
            }
            guard link.usedAt == nil else {
                throw Problem(.conflict, "The link was used: destroy version \(link.version ?? 0) instead.")
            }
            if link.withdrawnAt == nil {
                try await DepositStore.withdraw(id, at: context.now, in: change.transaction)
            }
            change.audit("keys.deposits.withdraw", id, detail: link.auditDetail)
        }
        return Response(.noContent)
    }
}

extension DepositLink {
    fileprivate var auditDetail: JSONValue {
        [
            "key_id": .string(key.description), "note": note.map { .string($0) } ?? .null,
            "expires_at": .string(expiresAt.description),
        ]
    }
}
