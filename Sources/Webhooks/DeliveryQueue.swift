import Access
import Kernel
import Postgres

/// One message about to become rows.
struct DeliveryDraft {
    let message: Message
    let id: MessageID
    let receivers: [(webhook: WebhookID, id: DeliveryID)]
    let body: MessageBody
    /// Of what it is about.
    let target: Target?

    init(
        message: Message, id: MessageID, receivers: [(webhook: WebhookID, id: DeliveryID)],
        target: Target? = nil
    ) {
        (self.message, self.id, self.receivers, self.target) = (message, id, receivers, target)
        body = MessageBody(message)
    }
}

/// Deliveries as rows of a queue.
enum DeliveryQueue {
    /// One statement, so that the sequence rows, which other messages for the same webhooks wait for, are
    /// held for no more round trips than the rest of the transaction needs. A webhook that was deleted
    /// meanwhile gets no row.
    private static let insert = Statement(
        "delivery_insert",
        """
        with message as (
            select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::bytea[],
                $7::boolean[], $14::text[]) with ordinality
                as m (id, event, type, alert, permissions, prefix, is_too_large, thing, number)
        ), wanted as (
            select id, webhook, number, row_number() over (partition by webhook order by place) as step
            from unnest($8::uuid[], $9::uuid[], $10::bigint[])
                with ordinality as w (id, webhook, number, place)
        ), held as (
            select webhook from webhook_sequence where webhook = any ($9::uuid[])
                order by webhook for no key update
        ), raised as (
            update webhook_sequence s set last = s.last + c.messages
            from (select webhook, count(*) as messages from wanted group by webhook) c, held
            where s.webhook = c.webhook and held.webhook = s.webhook
            returning s.webhook, s.last - c.messages as before
        )
        insert into delivery (id, webhook, message, event, event_type, alert, permissions, sequence, state,
            schedule_at,
            next_attempt_at, due_at, leased_by, dead_reason, dead_at, created_at, body, thing)
        select w.id, w.webhook, m.id, m.event, m.type, m.alert, string_to_array(m.permissions, ' '),
            r.before + w.step,
            case when m.is_too_large then 'dead' else 'pending' end, $11::timestamptz,
            case when not m.is_too_large then $11::timestamptz end,
            case when not m.is_too_large then $12::timestamptz end,
            case when not m.is_too_large then $13::uuid end,
            case when m.is_too_large then 'too_large' end,
            case when m.is_too_large then $11::timestamptz end,
            $11::timestamptz, m.prefix || convert_to((r.before + w.step)::text, 'UTF8') || '\\x7d7d'::bytea,
            m.thing
        from wanted w join message m using (number) join raised r using (webhook)
        returning id, sequence, state
        """)

    /// Returns what may be sent, in the order of the drafts.
    nonisolated(nonsending) static func insert(
        _ drafts: [DeliveryDraft], at now: Timestamp, lease: (node: UUID, until: Timestamp)?,
        in transaction: Transaction
    ) async throws -> [PendingDelivery] {
        let wanted = drafts.enumerated().flatMap { number, draft in
            draft.receivers.map { (id: $0.id, webhook: $0.webhook, number: Int64(number + 1)) }
        }
        let rows = try await transaction.query(
            insert, .idArray(drafts.map(\.id)), .optionalUUIDArray(drafts.map { $0.message.event?.uuid }),
            .textArray(drafts.map(\.message.type)), .optionalUUIDArray(drafts.map { $0.message.alert?.uuid }),
            .textArray(drafts.map { $0.message.permissions.map(\.rawValue).joined(separator: " ") }),
            .byteaArray(drafts.map(\.body.prefix)), .boolArray(drafts.map(\.body.isTooLarge)),
            .idArray(wanted.map(\.id)), .idArray(wanted.map(\.webhook)), .int64Array(wanted.map(\.number)),
            .timestamp(now), .timestamp(lease?.until ?? now), .uuid(lease?.node),
            .optionalTextArray(drafts.map(\.message.thing)))
        var sequences: [DeliveryID: Int64] = [:]
        for row in rows where row.text(2) == "pending" { sequences[row.id(0)] = row.int64(1) }
        return drafts.flatMap { draft in
            draft.receivers.compactMap { receiver in
                sequences[receiver.id].map { sequence in
                    PendingDelivery(draft, receiver.webhook, receiver.id, sequence: sequence, at: now)
                }
            }
        }
    }
}

extension PendingDelivery {
    fileprivate init(
        _ draft: DeliveryDraft, _ webhook: WebhookID, _ id: DeliveryID, sequence: Int64, at now: Timestamp
    ) {
        self.init(
            id: id, webhook: webhook, message: draft.id, eventType: draft.message.type,
            alert: draft.message.alert,
            permissions: draft.message.permissions, thing: draft.message.thing, target: draft.target,
            body: draft.body.bytes(sequence: sequence),
            progress: RetrySchedule.Progress(attempts: 0, counted: 0, begun: now))
    }
}
