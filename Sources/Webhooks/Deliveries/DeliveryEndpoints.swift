package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Deliveries, their attempts, and dead letters over HTTP.
package struct DeliveryEndpoints {
    private let database: Database
    private let things: TargetSource
    private let ledger: Ledger
    /// Tells the dispatcher that something is due.
    private let wake: () -> Void

    package init(ledger: Ledger, things: TargetSource = .none, wake: @escaping () -> Void) {
        (self.ledger, self.things, self.wake) = (ledger, things, wake)
        database = ledger.database
    }

    package var operations: [Operation] {
        [
            Operation(
                .get, "/v1/deliveries", id: "listDeliveries", requires: .scoped(.deliveriesRead),
                bodyLimit: 0
            ) { try await list($0, $1, deadOnly: false) },
            Operation(
                .get, "/v1/deliveries/{delivery_id}", id: "getDelivery",
                requires: .scoped(.deliveriesRead),
                errors: [.notFound], bodyLimit: 0, handle: read),
            Operation(
                .post, "/v1/deliveries/{delivery_id}/retry", id: "retryDelivery",
                requires: .scoped(.deliveriesWrite), errors: [.notFound, .conflict], bodyLimit: 0,
                handle: retry),
            Operation(
                .get, "/v1/dead-letters", id: "listDeadLetters", requires: .scoped(.deliveriesRead),
                bodyLimit: 0
            ) { try await list($0, $1, deadOnly: true) },
        ]
    }

    private nonisolated(nonsending) func list(
        _ request: Request, _ context: Context, deadOnly: Bool
    ) async throws -> Response {
        let sight = DeliverySight(context, .deliveriesRead, things)
        let search = try DeliverySearch(request, context, deadOnly: deadOnly)
        return try await search.seen(by: sight.listing(in: database)).page(in: database)
    }

    private nonisolated(nonsending) func read(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        let id = try Self.id(request)
        let sight = DeliverySight(context, .deliveriesRead, things)
        guard let delivery = try await DeliveryStore.find(id, sight, in: database) else {
            throw Problem.notFound("delivery")
        }
        let (body, attempts) = try await DeliveryStore.details(of: id, in: database)
        return Response.object { w in
            delivery.writeFields(to: &w)
            w.raw("message", body)
            w.array("attempts", attempts) { w, row in Self.write(row, to: &w) }
        }
    }

    private static func write(_ attempt: Row, to w: inout JSONWriter) {
        w.object { w in
            w.field("number", attempt.int(0))
            w.field("at", attempt.timestamp(1).description)
            w.field("status", attempt.isNull(2) ? nil : attempt.int(2))
            w.field("milliseconds", attempt.int(3))
            w.field("error", attempt.optionalText(4))
            w.field("response", attempt.optionalText(5))
        }
    }

    /// The same `webhook-id` again: now for a pending one, on a new schedule for a dead letter.
    private nonisolated(nonsending) func retry(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        let id = try Self.id(request)
        let sight = DeliverySight(context, .deliveriesWrite, things)
        let delivery = try await ledger.change(context) { change in
            let transaction = change.transaction
            guard let delivery = try await DeliveryStore.lock(id, sight, in: transaction) else {
                throw Problem.notFound("delivery")
            }
            try await Self.requireRetriable(delivery, context, transaction)
            // One that is being sent is tried at this moment.
            if delivery.state != .sending {
                try await DeliveryStore.retry(delivery, at: context.now, in: transaction)
            }
            change.audit("deliveries.retry", id)
            change.afterCommit(wake)
            return try await DeliveryStore.find(id, sight, in: transaction)
        }
        guard let delivery else { throw Problem.notFound("delivery") }
        return Response.json(.accepted) { w in delivery.write(to: &w) }
    }

    private nonisolated(nonsending) static func requireRetriable(
        _ delivery: Delivery, _ context: Context, _ transaction: Transaction
    ) async throws {
        if delivery.state == .delivered { throw Problem(.conflict, "It was delivered.") }
        if delivery.waitsForTurn {
            throw Problem(.conflict, "It waits for an earlier message about the same subject.")
        }
        let webhook = try await WebhookStore.find(delivery.webhook, at: context.now, in: transaction)?.webhook
        guard let webhook else { throw Problem(.conflict, "Its webhook was deleted.") }
        guard webhook.status.takesMessages else {
            throw Problem(.conflict, "Its webhook is \(webhook.status.rawValue).")
        }
    }

    private static func id(_ request: Request) throws(Problem) -> DeliveryID {
        guard let id = DeliveryID(request.pathParameter("delivery_id")) else { throw .notFound("delivery") }
        return id
    }
}
