package import Access
import HTTPServer
import Kernel
package import Postgres

/// Requests that may be made only once. The claim is a row of the effect's own transaction; the answer is
/// added after it was made.
package enum IdempotencyKeys {
    /// What is known of an earlier request with the same key.
    package struct Earlier {
        package let bodyDigest: [UInt8]
        package let resource: String?
        /// Nil: the answer carried a secret, or the service stopped before it was stored.
        package let answer: Answer?
    }

    package struct Answer {
        package let status: Int
        package let headers: [UInt8]
        package let body: [UInt8]

        package init(status: Int, headers: [UInt8], body: [UInt8]) {
            (self.status, self.headers, self.body) = (status, headers, body)
        }
    }

    private static let claim = Statement(
        "idempotency_claim",
        """
        insert into idempotency_key (principal, method, path, key, body_digest, created_at)
        values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning true
        """)
    private static let complete = Statement(
        "idempotency_complete",
        """
        update idempotency_key set resource = $5
        where principal = $1 and method = $2 and path = $3 and key = $4
        """)
    private static let find = Statement(
        "idempotency_find",
        """
        select body_digest, resource, status, headers, body from idempotency_key
        where principal = $1 and method = $2 and path = $3 and key = $4
        """)
    private static let answer = Statement(
        "idempotency_answer",
        """
        update idempotency_key set status = $5, headers = $6, body = $7
        where principal = $1 and method = $2 and path = $3 and key = $4
        """)

    package nonisolated(nonsending) static func claim(
        _ context: Context, in transaction: Transaction
    ) async throws {
        guard try await claim([context], in: transaction)[0] else { throw taken }
    }

    static var taken: Problem {
        Problem(.idempotencyInFlight, "A request with this Idempotency-Key is under way or was just made.")
    }

    /// Which of them are made for the first time; those without a key are. All statements leave in one
    /// write.
    nonisolated(nonsending) static func claim(
        _ contexts: [Context], in transaction: Transaction
    ) async throws -> [Bool] {
        var free = contexts.map { _ in true }
        var claims = contexts.enumerated().compactMap { place, context in
            owned(context).map { (place: place, claim: $0.0, principal: $0.1, now: context.now) }
        }
        // Everybody takes them in the same order.
        claims.sort { ($0.principal, $0.claim.key) < ($1.principal, $1.claim.key) }
        let queries = claims.map { item in
            transaction.send(
                Self.claim,
                [
                    .uuid(item.principal), .text(item.claim.method), .text(item.claim.path),
                    .text(item.claim.key), .bytes(item.claim.bodyDigest), .timestamp(item.now),
                ])
        }
        for (item, query) in zip(claims, queries) { free[item.place] = try await query.rows().count == 1 }
        return free
    }

    package nonisolated(nonsending) static func complete(
        _ context: Context, resource: String?, in transaction: Transaction
    ) async throws {
        for query in sendCompletions([(context, resource)], in: transaction) { try await query.rows() }
    }

    /// The same for whoever commits in the same write.
    static func sendCompletions(
        _ made: [(context: Context, resource: String?)], in transaction: Transaction
    ) -> [Postgres.Query] {
        made.compactMap { made in
            guard let resource = made.resource, let (claim, principal) = owned(made.context) else {
                return nil
            }
            return transaction.send(
                complete,
                [
                    .uuid(principal), .text(claim.method), .text(claim.path), .text(claim.key),
                    .text(resource),
                ])
        }
    }

    package nonisolated(nonsending) static func find(_ context: Context, in database: Database) async throws
        -> Earlier?
    {
        guard let (claim, principal) = owned(context) else { return nil }
        let rows = try await database.vital.query(
            find, .uuid(principal), .text(claim.method), .text(claim.path), .text(claim.key))
        guard let row = rows.first else { return nil }
        let answer =
            row.isNull(2) ? nil : Answer(status: row.int(2), headers: row.json(3), body: row.bytes(4))
        return Earlier(bodyDigest: row.bytes(0), resource: row.optionalText(1), answer: answer)
    }

    package nonisolated(nonsending) static func store(
        _ answer: Answer, for context: Context, in database: Database
    ) async throws {
        guard let (claim, principal) = owned(context) else { return }
        _ = try await database.pool.transaction { transaction in
            try await transaction.query(
                Self.answer, .uuid(principal), .text(claim.method), .text(claim.path), .text(claim.key),
                .int16(Int16(answer.status)), .json(answer.headers), .bytes(answer.body))
        }
    }

    private static func owned(_ context: Context) -> (IdempotencyClaim, UUID)? {
        guard let claim = context.idempotency, let principal = context.actor.principal else { return nil }
        return (claim, principal.uuid)
    }
}
