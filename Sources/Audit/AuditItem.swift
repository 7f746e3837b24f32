package import Access
package import JSON

/// One line of the trail: who did what to which, with what outcome. Several may share an entry of the chain.
package struct AuditItem: Sendable {
    package enum Outcome: String, Sendable, CaseIterable { case allowed, denied, failed }

    package let actor: Actor
    package let action: String
    package let resource: String?
    package let outcome: Outcome
    /// What changed, from and to; the reason. Never a secret.
    package let detail: JSONValue
    package let requestID: String?

    /// - Parameter action: area and verb, as in `keys.revoke`.
    package init(
        actor: Actor, action: String, resource: (some CustomStringConvertible)?, outcome: Outcome = .allowed,
        detail: JSONValue = [:], requestID: String?
    ) {
        self.actor = actor
        self.action = action
        self.resource = resource?.description
        self.outcome = outcome
        self.detail = detail
        self.requestID = requestID
    }
}

extension AuditItem: JSONWritable {
    package func write(to w: inout JSONWriter) {
        Self.write(to: &w, actor, action, resource, outcome, requestID: requestID) { w in w.value(detail) }
    }

    /// The same for whoever writes many lines at once, and their details without making values of them.
    /// - Parameter actor: an `Actor`, or one that is written already.
    package static func write(
        to w: inout JSONWriter, _ actor: some JSONWritable, _ action: String, _ resource: String?,
        _ outcome: Outcome,
        requestID: String?, detail: (inout JSONWriter) -> Void
    ) {
        w.object { w in
            w.field("actor", actor)
            w.field("action", action)
            w.field("resource", resource)
            w.field("outcome", outcome.rawValue)
            w.key("detail")
            detail(&w)
            w.field("request_id", requestID)
        }
    }
}
