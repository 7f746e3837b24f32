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
    /// meanwhile gets no row.
    private static let insert = Statement(
        "delivery_insert",
        """
        with message as (
            select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::bytea[],
                $13::text[], $15::text[], $16::text[]) with ordinality
                as m (id, event, type, alert, permissions, prefix, thing, alerts, events,
                    number)
        ), wanted as (
            select id, webhook, number, order_key,
                row_number() over (partition by webhook order by place) as step,
                row_number() over (partition by webhook, order_key order by place) as turn
            from unnest($7::uuid[], $8::uuid[], $9::bigint[], $14::text[])
                with ordinality as w (id, webhook, number, order_key, place)
        ), placed as (
            select w.*, case when order_key is null then false when turn > 1 then true
                else exists (select from delivery d
                    where d.webhook = w.webhook and d.order_key = w.order_key and d.state = 'pending') end
                as waits
            from wanted w
        ), held as (
            select webhook from webhook_sequence where webhook = any ($8::uuid[])
                order by webhook for no key update
        ), raised as (
            update webhook_sequence s set last = s.last + c.messages
            from (select webhook, count(*) as messages from wanted group by webhook) c, held
            where s.webhook = c.webhook and held.webhook = s.webhook
            returning s.webhook, s.last - c.messages as before
        )
        insert into delivery (id, webhook, message, event, event_type, alert, permissions, sequence, state,
            schedule_at,
            next_attempt_at, due_at, leased_by, created_at, body, thing, order_key,
            alerts, events)
        select w.id, w.webhook, m.id, m.event, m.type, m.alert, string_to_array(m.permissions, ' '),
            r.before + w.step,
            'pending', $10::timestamptz, case when not w.waits then $10::timestamptz end,
            case when w.waits then 'infinity' when $12::uuid is null then $10::timestamptz
                else clock_timestamp() + $11::bigint * interval '1 microsecond' end,
            case when not w.waits then $12::uuid end,
            $10::timestamptz, m.prefix || convert_to((r.before + w.step)::text, 'UTF8') || '\\x7d7d'::bytea,
            m.thing, w.order_key, string_to_array(m.alerts, ' ')::uuid[],
            string_to_array(m.events, ' ')::uuid[]
        from placed w join message m using (number) join raised r using (webhook)
        returning id, sequence, due_at < 'infinity'
        """)

    /// Nobody waits for it but for those that wait for a line.
    nonisolated(nonsending) static func send(
        _ drafts: [DeliveryDraft], at now: Timestamp, leasedBy node: UUID?, in transaction: Transaction
    ) async throws -> QueuedDeliveries {
        let wanted = drafts.enumerated().flatMap { number, draft in
            draft.receivers.map { (receiver: $0, number: Int64(number + 1)) }
        }
        if wanted.contains(where: { $0.receiver.orderKey != nil }) {
            try await lockLines(of: wanted.map(\.receiver.webhook), in: transaction)
        }
        let query = transaction.send(
            insert, .idArray(drafts.map(\.id)), .optionalUUIDArray(drafts.map { $0.message.event?.uuid }),
            .textArray(drafts.map(\.message.type)), .optionalUUIDArray(drafts.map { $0.message.alert?.uuid }),
            .textArray(drafts.map { $0.message.permissions.map(\.rawValue).joined(separator: " ") }),
            .byteaArray(drafts.map(\.body.prefix)),
            .idArray(wanted.map(\.receiver.id)), .idArray(wanted.map(\.receiver.webhook)),
            .int64Array(wanted.map(\.number)), .timestamp(now), .int64(Lease.length.microseconds),
            .uuid(node), .optionalTextArray(drafts.map(\.message.thing)),
            .optionalTextArray(wanted.map(\.receiver.orderKey)),
            .optionalTextArray(drafts.map { Self.text($0.alerts) }),
            .optionalTextArray(drafts.map { Self.text($0.events) }))
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
