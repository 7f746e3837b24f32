/// A field of an event's data, or of what stands around it.
package struct EventField: Equatable, Sendable {
    package enum Kind: String, Sendable { case string, strings, number, integer, boolean, map }

    package let name: String
    package let kind: Kind
    package let isNullable: Bool

    fileprivate init(_ name: String, _ kind: Kind, isNullable: Bool = false) {
        self.name = name
        self.kind = kind
        self.isNullable = isNullable
    }
}

/// The fields of `components.x-event-types` in openapi.yaml; a test holds both equal.
extension EventType {
    /// What conditions see of every event, beside the fields of its data.
    package static let envelopeFields: [EventField] = [
        EventField("id", .string), EventField("type", .string), EventField("at", .string),
        EventField("subject", .string, isNullable: true), EventField("security", .boolean),
        EventField("actor_id", .string, isNullable: true),
    ]

    /// The fields of its data; nil for own events, which hold whatever was pushed.
    package var dataFields: [EventField]? { isCustom ? nil : Self.fieldsByName[name] ?? [] }

    private static let fieldsByName: [String: [EventField]] = [
        "key.registered": keyFields + [
            EventField("permissions", .strings), EventField("expires_at", .string, isNullable: true),
        ],
        "key.changed": keyFields + [EventField("changed", .strings)],
        "key.used": useFields,
        "key.use.denied": useFields + [
            EventField("clause", .string, isNullable: true), EventField("reason", .string, isNullable: true),
        ],
        "key.use.unknown": useFields,
        "policy.changed": [
            EventField("owner", .string), EventField("version", .integer),
            EventField("note", .string, isNullable: true), EventField("changes", .integer),
        ],
        "policy.tampered": [EventField("owner", .string), EventField("found_in", .string)],
        "price_source.changed": priceSourceFields + [
            EventField("change", .string), EventField("reason", .string, isNullable: true),
        ],
        "price_source.suspended": priceSourceFields + [
            EventField("exchange", .string, isNullable: true),
            EventField("environment", .string, isNullable: true),
            EventField("symbol", .string, isNullable: true), EventField("from", .string),
            EventField("to", .string), EventField("percent", .number),
        ],
        "key.suspended": keyFields + [EventField("reason", .string)],
        "key.restricted": keyFields + [EventField("reason", .string, isNullable: true)],
        "key.away_mode.changed": keyFields + [
            EventField("enabled", .boolean), EventField("reason", .string),
        ],
        "away.began": awayFields + [EventField("keys", .integer)],
        "away.ended": awayFields + [
            EventField("ended_at", .string, isNullable: true), EventField("reason", .string),
            EventField("uses", .integer),
        ],
        "away.journal.refused": [
            EventField("journal", .string), EventField("line", .integer), EventField("reason", .string),
        ],
        "key.tampered": keyFields + [EventField("found_in", .string)],
        "key.decoy.touched": keyFields + [EventField("operation", .string)],
        "key.drifted": keyFields + [EventField("drift", .strings)],
        "key.refused": keyFields + probeFields,
        "key.unreachable": keyFields + probeFields,
        "key.version.created": keyFields + versionFields,
        "key.deposited": keyFields + [
            EventField("deposit_id", .string), EventField("version", .integer),
            EventField("address", .string),
        ],
        "key.version.activated": keyFields + versionFields,
        "key.version.destroyed": keyFields + [
            EventField("version", .integer), EventField("reason", .string),
        ],
        "key.revealed": keyFields + [EventField("reason", .string)],
        "key.activated": keyFields + [EventField("reason", .string, isNullable: true)],
        "key.revoked": keyFields + [EventField("reason", .string), EventField("handed_out_until", .string)],
        "key.deleted_at_exchange": keyFields + [
            EventField("version", .integer), EventField("way", .string), EventField("http_status", .integer),
            EventField("code", .string), EventField("probe", .string),
        ],
        "key.deletion.stuck": keyFields + [
            EventField("version", .integer), EventField("way", .string), EventField("state", .string),
            EventField("days", .integer), EventField("error", .string, isNullable: true),
            EventField("instructions", .string),
        ],
        "key.rotation.due": keyFields + [
            EventField("due_at", .string), EventField("every", .string), EventField("days_left", .number),
            EventField("overdue", .boolean), EventField("stage", .string),
        ],
        "key.rotation.changed": keyFields + [
            EventField("rotation_id", .string), EventField("from", .string, isNullable: true),
            EventField("state", .string), EventField("cause", .string),
            EventField("version", .integer, isNullable: true), EventField("error", .string, isNullable: true),
        ],
        "key.rotation.stuck": keyFields + [
            EventField("rotation_id", .string), EventField("state", .string),
            EventField("waiting_for", .string, isNullable: true), EventField("deadline", .string),
            EventField("error", .string, isNullable: true), EventField("detail", .string, isNullable: true),
        ],
        "key.expiring": keyFields + [
            EventField("expires_at", .string), EventField("days_left", .number),
            EventField("expired", .boolean), EventField("stage", .string),
        ],
        "account.created": accountFields,
        "account.changed": accountFields + [EventField("changed", .strings)],
        "user.invited": userFields + [EventField("role", .string, isNullable: true)],
        "user.joined": userFields + [EventField("via", .string)],
        "user.changed": userFields + [EventField("changed", .strings)],
        "user.disabled": userFields + [EventField("reason", .string, isNullable: true)],
        "user.enabled": userFields + [EventField("reason", .string, isNullable: true)],
        "service_account.created": serviceAccountFields + [EventField("role", .string, isNullable: true)],
        "service_account.changed": serviceAccountFields + [EventField("changed", .strings)],
        "service_account.disabled": serviceAccountFields + [EventField("reason", .string, isNullable: true)],
        "service_account.enabled": serviceAccountFields + [EventField("reason", .string, isNullable: true)],
        "grant.changed": [
            EventField("grant_id", .string), EventField("principal_id", .string), EventField("role", .string),
            EventField("effect", .string), EventField("change", .string),
        ],
        "role.changed": [
            EventField("role", .string), EventField("change", .string),
            EventField("permissions_added", .strings), EventField("permissions_removed", .strings),
        ],
        "group.changed": [
            EventField("group_id", .string), EventField("name", .string), EventField("change", .string),
            EventField("principal_id", .string, isNullable: true),
        ],
        "access_token.created": accessTokenFields + [
            EventField("scopes", .strings, isNullable: true), EventField("cidrs", .strings),
            EventField("expires_at", .string, isNullable: true), EventField("unbound", .boolean),
        ],
        "access_token.revoked": accessTokenFields + [EventField("reason", .string, isNullable: true)],
        "access_token.rotated": accessTokenFields + [
            EventField("successor_id", .string), EventField("expires_at", .string),
        ],
        "access_token.refused": [
            EventField("access_token_id", .string, isNullable: true),
            EventField("principal_id", .string, isNullable: true),
            EventField("name", .string, isNullable: true), EventField("reason", .string),
            EventField("address", .string), EventField("method", .string), EventField("route", .string),
            EventField("count", .integer),
        ],
        "access_token.decoy.touched": [
            EventField("access_token_id", .string), EventField("principal_id", .string),
            EventField("name", .string), EventField("address", .string, isNullable: true),
        ],
        "user.offboarded": userFields + [
            EventField("reason", .string), EventField("reassign_to", .string, isNullable: true),
            EventField("keys_known", .integer),
        ],
        "owner.recovered": userFields + [EventField("severity", .string), EventField("via", .string)],
        "service_account.expiring": serviceAccountFields + [
            EventField("expires_at", .string), EventField("days_left", .number),
            EventField("expired", .boolean), EventField("stage", .string),
        ],
        "service_account.unused": serviceAccountFields + [
            EventField("last_used_at", .string, isNullable: true), EventField("days", .integer),
        ],
        "break_glass.created": breakGlassFields,
        "break_glass.used": breakGlassFields + [
            EventField("severity", .string), EventField("user_id", .string),
            EventField("address", .string, isNullable: true), EventField("ends_at", .string),
        ],
        "break_glass.ended": breakGlassFields + [
            EventField("user_id", .string), EventField("keys", .integer),
        ],
        "break_glass.revoked": breakGlassFields + [EventField("reason", .string, isNullable: true)],
        "login.succeeded": [
            EventField("user_id", .string), EventField("session_id", .string), EventField("device", .string),
            EventField("via", .string), EventField("factor", .string, isNullable: true),
            EventField("address", .string, isNullable: true),
        ],
        "login.failed": [
            EventField("user_id", .string, isNullable: true), EventField("reason", .string),
            EventField("address", .string), EventField("count", .integer),
        ],
        "login.locked": [
            EventField("user_id", .string, isNullable: true), EventField("address", .string),
            EventField("until", .string),
        ],
        "session.ended": [
            EventField("session_id", .string), EventField("user_id", .string), EventField("device", .string),
            EventField("reason", .string),
        ],
        "password.changed": [EventField("user_id", .string), EventField("via", .string)],
        "password.reset_issued": [EventField("user_id", .string), EventField("expires_at", .string)],
        "sign_in.changed": [
            EventField("changed", .strings), EventField("mfa_grace", .string),
            EventField("session_idle", .string), EventField("session_lifetime", .string),
        ],
        "factor.added": factorFields,
        "factor.removed": factorFields + [EventField("reason", .string)],
        "factor.copied": [
            EventField("user_id", .string), EventField("factor_id", .string),
            EventField("known_count", .integer), EventField("shown_count", .integer),
        ],
        "recovery_code.used": [EventField("user_id", .string), EventField("left", .integer)],
        "approval.requested": approvalFields,
        "approval.approved": approvalFields + [
            EventField("approver_id", .string), EventField("reason_given", .string),
            EventField("complete", .boolean), EventField("solo", .boolean),
            EventField("due_at", .string, isNullable: true),
        ],
        "approval.rejected": approvalFields + [
            EventField("approver_id", .string), EventField("reason_given", .string),
        ],
        "approval.cancelled": approvalFields,
        "approval.expired": approvalFields,
        "approval.executed": approvalFields + [EventField("status", .integer, isNullable: true)],
        "approval.failed": approvalFields + [
            EventField("status", .integer, isNullable: true), EventField("unknown", .boolean),
            EventField("error", .string, isNullable: true),
        ],
        "approval.rule.changed": [
            EventField("approval_rule_id", .string), EventField("name", .string),
            EventField("actions", .strings), EventField("change", .string),
        ],
        "approval.solo_mode.changed": [
            EventField("enabled", .boolean), EventField("delay", .string),
            EventField("reason", .string, isNullable: true),
        ],
        "grade.changed": seriesFields + [
            EventField("time", .string), EventField("previous", .number, isNullable: true),
            EventField("grade", .number), EventField("zone", .string),
            EventField("previous_zone", .string, isNullable: true), EventField("label", .string),
            EventField("model", .string), EventField("data_quality", .number),
        ],
        "signal.opened": seriesFields + signalFields + [
            EventField("gate_open", .boolean), EventField("stop_atr", .number, isNullable: true),
            EventField("stop_support", .number, isNullable: true),
        ],
        "signal.closed": seriesFields + signalFields + [
            EventField("closed_at", .string), EventField("reason", .string),
            EventField("roi_close", .number, isNullable: true),
            EventField("roi_net", .number, isNullable: true),
        ],
        "signal.stale": seriesFields + signalFields + [EventField("reason", .string)],
        "candle.gap": seriesFields + [
            EventField("from", .string), EventField("to", .string), EventField("missing", .integer),
        ],
        "alert.firing": alertFields,
        "alert.resolved": alertFields + [
            EventField("resolved_by", .string, isNullable: true),
            EventField("note", .string, isNullable: true),
        ],
        "rule.suspended": [
            EventField("rule_id", .string), EventField("name", .string), EventField("owner_id", .string),
            EventField("reason", .string),
        ],
        "rule.failed": [
            EventField("rule_id", .string), EventField("name", .string), EventField("owner_id", .string),
            EventField("event_id", .string), EventField("event_type", .string), EventField("error", .string),
        ],
        "rule.no_data": ruleFields + [EventField("reason", .string)],
        "rule.overflowed": ruleFields + [EventField("groups", .integer)],
        "rule.expiring": ruleFields + [EventField("expires_at", .string)],
        "rule.expired": ruleFields + [EventField("expires_at", .string)],
        "endpoint.degraded": endpointFields + [
            EventField("failures", .integer), EventField("last_status", .integer, isNullable: true),
            EventField("last_error", .string, isNullable: true),
        ],
        "endpoint.disabled": endpointFields + [EventField("reason", .string)],
        "endpoint.recovered": endpointFields + [EventField("down_seconds", .integer)],
        "message.exhausted": endpointFields + [
            EventField("delivery_id", .string), EventField("message_id", .string),
            EventField("event_type", .string), EventField("alert_id", .string, isNullable: true),
            EventField("attempts", .integer), EventField("last_status", .integer, isNullable: true),
            EventField("last_error", .string, isNullable: true),
        ],
        "secret.rotation.due": endpointFields + [
            EventField("secret_id", .string), EventField("created_at", .string),
            EventField("days_old", .integer),
        ],
        "endpoint.certificate_expiring": endpointFields + [
            EventField("expires_at", .string), EventField("days_left", .integer),
        ],
        "job.failed": [
            EventField("job", .string), EventField("run_id", .string), EventField("outcome", .string),
            EventField("error", .string, isNullable: true),
            EventField("milliseconds", .integer, isNullable: true), EventField("failures", .integer),
        ],
        "audit.checkpointed": [
            EventField("checkpoint_id", .string), EventField("signed_at", .string),
            EventField("signed_by", .string), EventField("lanes", .integer), EventField("entries", .integer),
            EventField("hash", .string),
        ],
        "system.sealed": [EventField("reason", .string)],
        "system.unsealed": [
            EventField("node_id", .string), EventField("way", .string), EventField("ordered", .boolean),
        ],
        "root_key.rotated": [EventField("fingerprint", .string), EventField("way", .string)],
        "key_encryption_key.rotated": [
            EventField("generation", .integer), EventField("rewrapped", .integer),
        ],
        "sealed_value.tampered": [EventField("found_in", .string), EventField("row", .string)],
        "event_horizon.lagging": [
            EventField("lag_seconds", .number), EventField("blocking_pid", .integer, isNullable: true),
            EventField("blocking_database", .string, isNullable: true),
        ],
    ]
}

// Fields that several types share.

private let probeFields: [EventField] = [
    EventField("outcome", .string), EventField("detail", .string, isNullable: true),
]
private let versionFields: [EventField] = [
    EventField("version", .integer), EventField("kind", .string), EventField("origin", .string),
]
private let awayFields: [EventField] = [
    EventField("journal", .string), EventField("node_id", .string), EventField("began_at", .string),
]

private let useFields: [EventField] = [
    EventField("key_id", .string), EventField("label", .string), EventField("exchange", .string),
    EventField("account", .string), EventField("environment", .string), EventField("tags", .strings),
    EventField("status", .string), EventField("usage_id", .string), EventField("way", .string),
    EventField("operation", .string), EventField("host", .string), EventField("method", .string),
    EventField("path", .string), EventField("address", .string, isNullable: true),
    EventField("orders", .integer), EventField("symbol", .string, isNullable: true),
    EventField("side", .string, isNullable: true), EventField("order_type", .string, isNullable: true),
    EventField("quantity", .string, isNullable: true), EventField("price", .string, isNullable: true),
    EventField("reduce_only", .boolean), EventField("notional_usd", .string, isNullable: true),
    EventField("client_order_id", .string, isNullable: true),
    EventField("policy_version", .integer, isNullable: true),
]

private let keyFields: [EventField] = [
    EventField("key_id", .string), EventField("label", .string), EventField("exchange", .string),
    EventField("account", .string), EventField("environment", .string), EventField("owner_id", .string),
    EventField("tags", .strings), EventField("status", .string),
]

private let priceSourceFields: [EventField] = [
    EventField("price_source_id", .string), EventField("kind", .string), EventField("name", .string),
]

private let approvalFields: [EventField] = [
    EventField("approval_id", .string), EventField("action", .string), EventField("requester_id", .string),
    EventField("path", .string), EventField("key_id", .string, isNullable: true),
    EventField("reason", .string, isNullable: true), EventField("rules", .strings),
    EventField("roles", .strings), EventField("expires_at", .string),
]

private let accountFields: [EventField] = [
    EventField("account_id", .string), EventField("name", .string), EventField("exchange", .string),
    EventField("environment", .string), EventField("uid", .string, isNullable: true),
    EventField("parent_id", .string, isNullable: true),
]

private let userFields: [EventField] = [
    EventField("user_id", .string), EventField("name", .string), EventField("status", .string),
]

private let factorFields: [EventField] = [
    EventField("user_id", .string), EventField("factor_id", .string), EventField("kind", .string),
    EventField("name", .string),
]

private let serviceAccountFields: [EventField] = [
    EventField("service_account_id", .string), EventField("name", .string), EventField("owner_id", .string),
    EventField("status", .string),
]

private let breakGlassFields: [EventField] = [
    EventField("break_glass_id", .string), EventField("name", .string), EventField("role", .string),
]

private let accessTokenFields: [EventField] = [
    EventField("access_token_id", .string), EventField("principal_id", .string), EventField("name", .string),
]

private let seriesFields: [EventField] = [
    EventField("token_id", .string), EventField("symbol", .string), EventField("source", .string),
    EventField("interval", .string), EventField("retroactive", .boolean),
]

private let signalFields: [EventField] = [
    EventField("signal_id", .string), EventField("direction", .string), EventField("decided_at", .string),
    EventField("decision_close", .number), EventField("grade", .number), EventField("model", .string),
    EventField("confidence", .number, isNullable: true),
]

private let alertFields: [EventField] = [
    EventField("alert_id", .string), EventField("rule", .map), EventField("severity", .string),
    EventField("state", .string), EventField("summary", .string), EventField("labels", .map),
    EventField("group", .map), EventField("count", .integer), EventField("first_at", .string),
    EventField("last_at", .string), EventField("event", .map), EventField("url", .string),
]

private let ruleFields: [EventField] = [
    EventField("rule_id", .string), EventField("name", .string), EventField("owner_id", .string),
]

private let endpointFields: [EventField] = [
    EventField("webhook_id", .string), EventField("name", .string), EventField("host", .string),
]
