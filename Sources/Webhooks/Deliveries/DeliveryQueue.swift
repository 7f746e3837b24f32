import Access
import JSON
import Kernel
import Postgres

/// One message about to become rows.
struct DeliveryDraft {
    let message: Message
    let id: MessageID
    let receivers: [Receiver]
    let body: MessageBody
    /// Of what it is about.
    let target: Target?
    /// Of a batch.
    var alerts: [AlertID] = []
    var events: [EventID] = []

    struct Receiver {
        let webhook: WebhookID
        let id: DeliveryID
        /// What it waits behind, where order is asked for.
        let orderKey: String?
    }

    init(
        message: Message, id: MessageID, receivers: [Receiver], body: MessageBody, target: Target? = nil
    ) {
        (self.message, self.id, self.receivers, self.target) = (message, id, receivers, target)
        self.body = body
    }
}

extension Message {
    /// Messages about the same subject keep their order; those without one among themselves.
    var orderKey: String { data["subject"]?.asString ?? "" }
}

/// Deliveries as rows of a queue.
enum DeliveryQueue {
    /// One statement, that can leave with the commit: the sequence rows, which other messages for the same
    /// webhooks wait for, are held for no round trip then. A webhook that was deleted
    /// meanwhile gets no row. The arrays stand in selects of their own, where the planner does not look at
    /// them: it would plan anew for each call.
    private static func insertion(_ held: String = "", _ behind: String = "") -> String {
        [
            "with", held,
            """
            raised as (
                update webhook_sequence s set last = s.last + c.messages
                from unnest((select $1::uuid[]), (select $2::bigint[])) as c (webhook, messages)
            """, behind,
            """
                where s.webhook = c.webhook
                returning s.webhook, s.last - c.messages as before
            )
            insert into delivery (id, webhook, message, event, event_type, alert, permissions, sequence,
                state, schedule_at, next_attempt_at, due_at, leased_by, created_at, body, thing, order_key,
                alerts, events)
            select w.id, w.webhook, w.message, w.event, w.type, w.alert, string_to_array(w.permissions, ' '),
                r.before + w.step,
                'pending', $3::timestamptz, case when not w.waits then $3::timestamptz end,
                case when w.waits then 'infinity' when $5::uuid is null then $3::timestamptz
                    else clock_timestamp() + $4::bigint * interval '1 microsecond' end,
                case when not w.waits then $5::uuid end, $3::timestamptz,
                w.prefix || convert_to((r.before + w.step)::text, 'UTF8') || '\\x7d7d'::bytea,
                w.thing, w.order_key, string_to_array(w.alerts, ' ')::uuid[],
                string_to_array(w.events, ' ')::uuid[]
            from (
                select u.*, case when order_key is null then false when is_behind then true
                    else exists (select from delivery d where d.webhook = u.webhook
                        and d.order_key = u.order_key and d.state = 'pending') end as waits
                from unnest((select $6::uuid[]), (select $7::uuid[]), (select $8::bigint[]),
                    (select $9::text[]), (select $10::boolean[]), (select $11::uuid[]),
                    (select $12::uuid[]), (select $13::text[]), (select $14::uuid[]), (select $15::text[]),
                    (select $16::bytea[]), (select $17::text[]), (select $18::text[]),
                    (select $19::text[]))
                    as u (id, webhook, step, order_key, is_behind, message, event, type, alert,
                        permissions, prefix, thing, alerts, events)
            ) w join raised r using (webhook)
            returning id, sequence, due_at < 'infinity'
            """,
        ].joined(separator: " ")
    }

    static let insertForOne = Statement("delivery_insert", derived: insertion())
    /// Everybody takes their sequence rows in the same order.
    static let insertForMany = Statement(
        "delivery_insert_for_many",
        derived: insertion(
            """
            held as (
                select webhook from webhook_sequence where webhook = any ((select $1::uuid[])::uuid[])
                    order by webhook for no key update
            ),
            """, "join held using (webhook)"))

    /// A delivery as a row, beside what is the same for all.
    private struct Wanted {
        let draft: DeliveryDraft
        let receiver: DeliveryDraft.Receiver
        /// Among those of its webhook, from 1.
        let step: Int64
        /// One before it is of the same line.
        let isBehind: Bool
    }

    private static func rows(of drafts: [DeliveryDraft]) -> (rows: [Wanted], messages: [WebhookID: Int64]) {
        var messages: [WebhookID: Int64] = [:]
        var lines: Set<Line> = []
        let rows = drafts.flatMap { draft in
            draft.receivers.map { receiver in
                let step = messages[receiver.webhook, default: 0] + 1
                messages[receiver.webhook] = step
                let line = receiver.orderKey.map { Line(webhook: receiver.webhook, key: $0) }
                let isBehind = line.map { !lines.insert($0).inserted } ?? false
                return Wanted(draft: draft, receiver: receiver, step: step, isBehind: isBehind)
            }
        }
        return (rows, messages)
    }

    /// Nobody waits for it but for those that wait for a line.
    nonisolated(nonsending) static func send(
        _ drafts: [DeliveryDraft], at now: Timestamp, leasedBy node: UUID?, in transaction: Transaction
    ) async throws -> QueuedDeliveries {
        let (rows, messages) = rows(of: drafts)
        if rows.contains(where: { $0.receiver.orderKey != nil }) {
            try await lockLines(of: Array(messages.keys), in: transaction)
        }
        let raised = messages.sorted { $0.key < $1.key }
        let query = transaction.send(
            raised.count > 1 ? insertForMany : insertForOne, .idArray(raised.map(\.key)),
            .int64Array(raised.map(\.value)), .timestamp(now), .int64(Lease.length.microseconds), .uuid(node),
            .idArray(rows.map(\.receiver.id)), .idArray(rows.map(\.receiver.webhook)),
            .int64Array(rows.map(\.step)), .optionalTextArray(rows.map(\.receiver.orderKey)),
            .boolArray(rows.map(\.isBehind)), .idArray(rows.map(\.draft.id)),
            .optionalUUIDArray(rows.map { $0.draft.message.event?.uuid }),
            .textArray(rows.map(\.draft.message.type)),
            .optionalUUIDArray(rows.map { $0.draft.message.alert?.uuid }),
            .textArray(rows.map { $0.draft.message.permissions.map(\.rawValue).joined(separator: " ") }),
            .byteaArray(rows.map(\.draft.body.prefix)), .optionalTextArray(rows.map(\.draft.message.thing)),
            .optionalTextArray(rows.map { text($0.draft.alerts) }),
            .optionalTextArray(rows.map { text($0.draft.events) }))
        return QueuedDeliveries(drafts: drafts, now: now, query: query)
    }

    /// An array as an element of an array.
    private static func text<Kind>(_ ids: [ID<Kind>]) -> String? {
        ids.isEmpty ? nil : ids.map(\.uuid.description).joined(separator: " ")
    }
}

/// Deliveries that were sent to the database, and what it made of them.
struct QueuedDeliveries {
    fileprivate let drafts: [DeliveryDraft]
    fileprivate let now: Timestamp
    fileprivate let query: Postgres.Query

    /// What may be sent, in the order of the drafts.
    nonisolated(nonsending) func deliveries() async throws -> [PendingDelivery] {
        pending(try await query.rows())
    }

    /// The same after the commit, when it is known.
    var committed: [PendingDelivery] { query.answer.map(pending) ?? [] }

    private func pending(_ rows: Rows) -> [PendingDelivery] {
        var sequences: [DeliveryID: Int64] = [:]
        for row in rows where row.bool(2) { sequences[row.id(0)] = row.int64(1) }
        return drafts.flatMap { draft in
            draft.receivers.compactMap { receiver in
                sequences[receiver.id].map { sequence in
                    PendingDelivery(draft, receiver, sequence: sequence, at: now)
                }
            }
        }
    }
}

extension PendingDelivery {
    fileprivate init(
        _ draft: DeliveryDraft, _ receiver: DeliveryDraft.Receiver, sequence: Int64, at now: Timestamp
    ) {
        self.init(
            id: receiver.id, webhook: receiver.webhook, message: draft.id, eventType: draft.message.type,
            alert: draft.message.alert,
            permissions: draft.message.permissions, thing: draft.message.thing, target: draft.target,
            orderKey: receiver.orderKey, body: draft.body.bytes(sequence: sequence),
            progress: RetrySchedule.Progress(attempts: 0, counted: 0, begun: now))
    }
}
