import Access
import Channels
package import JSON
import Kernel
import Postgres

/// A webhook with what beside its own row belongs to an answer: its secrets' states, its health, its
/// sequence.
struct WebhookRecord {
    var webhook: Webhook
    var secrets: [Webhook.SecretState] = []
    var channel: WebhookChannel?
    let sequence: Int64
    let consecutiveFailures: Int
    let lastSuccessAt: Timestamp?
    let lastFailureAt: Timestamp?
    /// Until when nobody tries it.
    let opensAt: Timestamp?

    /// The columns in the order that `init` reads.
    static let columns = [
        """
        w.id, w.name, w.url, w.event_types, w.owner, w.status, w.status_reason, w.down_since, w.public_key,
        w.created_at, w.updated_at, w.revision, s.last, coalesce(h.consecutive_failures, 0),
            h.last_success_at,
        h.last_failure_at, h.opens_at,
        """, DeliveryTerms.columns,
    ].joined(separator: " ")
    static let columnCount = 17 + DeliveryTerms.columnCount
    static let tables = """
        webhook w join webhook_sequence s on s.webhook = w.id left join webhook_health h on h.webhook = w.id
        """

    init(_ row: Row) {
        webhook = Webhook(row)
        webhook.terms = DeliveryTerms(row, from: 17)
        sequence = row.int64(12)
        consecutiveFailures = row.int(13)
        lastSuccessAt = row.optionalTimestamp(14)
        lastFailureAt = row.optionalTimestamp(15)
        opensAt = row.optionalTimestamp(16)
    }
}

extension Webhook {
    init(_ row: Row) {
        guard let owner = PrincipalID(row.text(4)), let status = Status(rawValue: row.text(5)) else {
            preconditionFailure("the constraints of webhook hold")
        }
        self.init(
            id: row.id(0), name: row.text(1), url: row.text(2), eventTypes: row.textArray(3), owner: owner,
            status: status, statusReason: row.optionalText(6), downSince: row.optionalTimestamp(7),
            publicKey: row.bytes(8), createdAt: row.timestamp(9), updatedAt: row.timestamp(10),
            revision: row.int64(11))
    }
}

extension WebhookRecord {
    func write(to w: inout JSONWriter, at now: Timestamp) { w.object { w in writeFields(to: &w, at: now) } }

    /// - Parameter secret: the new secret, in the one answer that shows it.
    func writeFields(to w: inout JSONWriter, at now: Timestamp, secret: String? = nil) {
        w.field("id", webhook.id.description)
        if let secret {
            w.field("secret", secret)
            w.field("shown_once", true)
        }
        w.field("name", webhook.name)
        w.field("url", webhook.url)
        w.field("event_types", webhook.eventTypes)
        w.field("format", "standard")
        w.field("kind", (channel?.kind ?? .standard).rawValue)
        if let channel { w.key("channel"); channel.write(to: &w) } else { w.null("channel") }
        webhook.terms.writeFields(to: &w)
        w.field("owner_id", webhook.owner.description)
        w.field("status", webhook.status.rawValue)
        w.field("status_reason", webhook.statusReason)
        w.field("public_key", WebhookSecret.publicKeyText(webhook.publicKey))
        w.array("secrets", secrets) { w, secret in secret.write(to: &w) }
        w.field("last_success_at", lastSuccessAt?.description)
        w.field("last_failure_at", lastFailureAt?.description)
        w.field("consecutive_failures", consecutiveFailures)
        w.object("circuit") { w in
            w.field("state", circuit(at: now).rawValue)
            w.field("opens_at", opensAt.flatMap { $0 > now ? $0.description : nil })
        }
        w.field("sequence", sequence)
        w.field("created_at", webhook.createdAt.description)
        w.field("updated_at", webhook.updatedAt.description)
        w.field("revision", webhook.revision)
    }
}

extension WebhookRecord {
    /// How hard it is tried, for people.
    enum CircuitState: String {
        case closed
        /// Its receiver asked to be left alone for a while.
        case throttled
        /// It fails: nothing is sent until the next probe.
        case open
        /// The next message is a probe.
        case halfOpen = "half_open"
    }

    /// Whether nobody tries it for a while.
    func isLeftAlone(at now: Timestamp) -> Bool { opensAt.map { now < $0 } ?? false }

    func circuit(at now: Timestamp) -> CircuitState {
        let waits = isLeftAlone(at: now)
        if webhook.status == .degraded { return waits ? .open : .halfOpen }
        return waits && webhook.status == .active ? .throttled : .closed
    }
}

extension DeliveryTerms {
    /// Nothing that is secret.
    func writeFields(to w: inout JSONWriter) {
        w.field("ordered", isOrdered)
        w.field("batch", isBatched)
        w.field("max_per_second", maxPerSecond)
        w.field("payload", payload.rawValue)
        w.array("matchers", matchers) { w, matcher in w.value(matcher) }
        w.field("template", template?.source ?? .null)
        w.field("header_names", headerNames)
        if let certificate {
            w.object("client_certificate") { w in
                w.field("certificate", certificate.pem)
                w.field("expires_at", certificate.expiresAt.description)
            }
        } else {
            w.null("client_certificate")
        }
        w.field("authority", authority)
    }
}

extension Webhook.SecretState: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("state", expiresAt == nil ? "current" : "previous")
            w.field("created_at", createdAt.description)
            w.field("expires_at", expiresAt?.description)
            w.field("last_used_at", lastUsedAt?.description)
        }
    }
}
