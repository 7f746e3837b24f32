/// A field of an event's data, or of what stands around it.
package struct EventField: Equatable, Sendable {
    package enum Kind: String, Sendable { case string, strings, number, integer, boolean, map }

    package let name: String
    package let kind: Kind
    package let isNullable: Bool
    /// It stands in the event only where there is something to say; who looks for it finds null, or the list
    /// that it would be.
    package let isOptional: Bool

    init(_ name: String, _ kind: Kind, isNullable: Bool = false, isOptional: Bool = false) {
        self.name = name
        self.kind = kind
        (self.isNullable, self.isOptional) = (isNullable, isOptional)
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
    package var dataFields: [EventField]? {
        if isCustom { return nil }
        return EventFields.ofAlerts[name] ?? EventFields.ofMarket[name] ?? EventFields.ofBacktests[name]
            ?? Self.fieldsByName[name] ?? []
    }

    private static let fieldsByName: [String: [EventField]] = [
        "key.registered": EventFields.key + [
            EventField("permissions", .strings), EventField("expires_at", .string, isNullable: true),
        ],
        "key.changed": EventFields.key + [
            EventField("changed", .strings), EventField("permissions", .strings),
        ],
        "key.used": EventFields.use,
        "key.use.denied": EventFields.use + [
            EventField("clause", .string, isNullable: true), EventField("reason", .string, isNullable: true),
            EventField("clauses", .strings, isNullable: true),
        ],
        "key.use.unknown": EventFields.use,
        "policy.changed": [
            EventField("owner", .string), EventField("version", .integer),
            EventField("note", .string, isNullable: true), EventField("changes", .integer),
        ],
        "policy.tampered": [EventField("owner", .string), EventField("found_in", .string)],
        "price_source.changed": EventFields.priceSource + [
            EventField("change", .string), EventField("reason", .string, isNullable: true),
        ],
        "price_source.suspended": EventFields.priceSource + [
            EventField("exchange", .string, isNullable: true),
            EventField("environment", .string, isNullable: true),
            EventField("symbol", .string, isNullable: true), EventField("from", .string),
            EventField("to", .string), EventField("percent", .number),
        ],
        "key.suspended": EventFields.key + [EventField("reason", .string)],
        "key.restricted": EventFields.key + [EventField("reason", .string, isNullable: true)],
        "key.away_mode.changed": EventFields.key + [
            EventField("enabled", .boolean), EventField("reason", .string),
        ],
        "away.began": EventFields.away + [EventField("keys", .integer)],
        "away.ended": EventFields.away + [
            EventField("ended_at", .string, isNullable: true), EventField("reason", .string),
            EventField("uses", .integer),
        ],
        "away.journal.refused": [
            EventField("journal", .string), EventField("line", .integer), EventField("reason", .string),
        ],
        "key.tampered": EventFields.key + [EventField("found_in", .string)],
        "key.decoy.touched": EventFields.key + [EventField("operation", .string)],
        "key.drifted": EventFields.key + [EventField("drift", .strings)],
        "key.refused": EventFields.key + EventFields.probe,
        "key.unreachable": EventFields.key + EventFields.probe,
        "key.version.created": EventFields.key + EventFields.version,
        "key.deposited": EventFields.key + [
            EventField("deposit_id", .string), EventField("version", .integer),
            EventField("address", .string),
        ],
        "key.version.activated": EventFields.key + EventFields.version,
        "key.version.destroyed": EventFields.key + [
            EventField("version", .integer), EventField("reason", .string),
        ],
        "key.revealed": EventFields.key + [EventField("reason", .string)],
        "key.activated": EventFields.key + [EventField("reason", .string, isNullable: true)],
        "key.revoked": EventFields.key + [
            EventField("reason", .string), EventField("handed_out_until", .string),
        ],
        "key.deleted_at_exchange": EventFields.key + [
            EventField("version", .integer), EventField("way", .string), EventField("http_status", .integer),
            EventField("code", .string), EventField("probe", .string),
        ],
        "key.deletion.stuck": EventFields.key + [
            EventField("version", .integer), EventField("way", .string), EventField("state", .string),
            EventField("days", .integer), EventField("error", .string, isNullable: true),
            EventField("instructions", .string),
        ],
        "key.rotation.due": EventFields.key + [
            EventField("due_at", .string), EventField("every", .string), EventField("days_left", .number),
            EventField("overdue", .boolean), EventField("stage", .string),
        ],
        "key.rotation.changed": EventFields.key + [
            EventField("rotation_id", .string), EventField("from", .string, isNullable: true),
            EventField("state", .string), EventField("cause", .string),
            EventField("version", .integer, isNullable: true), EventField("error", .string, isNullable: true),
        ],
        "key.rotation.stuck": EventFields.key + [
            EventField("rotation_id", .string), EventField("state", .string),
            EventField("waiting_for", .string, isNullable: true), EventField("deadline", .string),
            EventField("error", .string, isNullable: true), EventField("detail", .string, isNullable: true),
        ],
        "key.expiring": EventFields.key + [
            EventField("expires_at", .string), EventField("days_left", .number),
            EventField("expired", .boolean), EventField("stage", .string),
        ],
        "key.unused": EventFields.key + [
            EventField("last_used_at", .string, isNullable: true), EventField("days", .integer),
        ],
        "account.created": EventFields.account,
        "account.changed": EventFields.account + [EventField("changed", .strings)],
        "user.invited": EventFields.user + [EventField("role", .string, isNullable: true)],
        "user.joined": EventFields.user + [EventField("via", .string)],
        "user.changed": EventFields.user + [EventField("changed", .strings)],
        "user.disabled": EventFields.user + [EventField("reason", .string, isNullable: true)],
        "user.enabled": EventFields.user + [EventField("reason", .string, isNullable: true)],
        "service_account.created": EventFields.serviceAccount + [
            EventField("role", .string, isNullable: true)
        ],
        "service_account.changed": EventFields.serviceAccount + [EventField("changed", .strings)],
        "service_account.disabled": EventFields.serviceAccount + [
            EventField("reason", .string, isNullable: true)
        ],
        "service_account.enabled": EventFields.serviceAccount + [
            EventField("reason", .string, isNullable: true)
        ],
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
        "access_token.created": EventFields.accessToken + [
            EventField("scopes", .strings, isNullable: true), EventField("cidrs", .strings),
            EventField("expires_at", .string, isNullable: true), EventField("unbound", .boolean),
        ],
        "access_token.revoked": EventFields.accessToken + [EventField("reason", .string, isNullable: true)],
        "access_token.rotated": EventFields.accessToken + [
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
        "user.offboarded": EventFields.user + [
            EventField("reason", .string), EventField("reassign_to", .string, isNullable: true),
            EventField("keys_known", .integer),
        ],
        "owner.recovered": EventFields.user + [EventField("severity", .string), EventField("via", .string)],
        "service_account.expiring": EventFields.serviceAccount + [
            EventField("expires_at", .string), EventField("days_left", .number),
            EventField("expired", .boolean), EventField("stage", .string),
        ],
        "service_account.unused": EventFields.serviceAccount + [
            EventField("last_used_at", .string, isNullable: true), EventField("days", .integer),
        ],
        "break_glass.created": EventFields.breakGlass,
        "break_glass.used": EventFields.breakGlass + [
            EventField("severity", .string), EventField("user_id", .string),
            EventField("address", .string, isNullable: true), EventField("ends_at", .string),
        ],
        "break_glass.ended": EventFields.breakGlass + [
            EventField("user_id", .string), EventField("keys", .integer),
        ],
        "break_glass.revoked": EventFields.breakGlass + [EventField("reason", .string, isNullable: true)],
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
        "factor.added": EventFields.factor,
        "factor.removed": EventFields.factor + [EventField("reason", .string)],
        "factor.copied": [
            EventField("user_id", .string), EventField("factor_id", .string),
            EventField("known_count", .integer), EventField("shown_count", .integer),
        ],
        "recovery_code.used": [EventField("user_id", .string), EventField("left", .integer)],
        "approval.requested": EventFields.approval,
        "approval.approved": EventFields.approval + [
            EventField("approver_id", .string), EventField("reason_given", .string),
            EventField("complete", .boolean), EventField("solo", .boolean),
            EventField("due_at", .string, isNullable: true),
        ],
        "approval.rejected": EventFields.approval + [
            EventField("approver_id", .string), EventField("reason_given", .string),
        ],
        "approval.cancelled": EventFields.approval,
        "approval.expired": EventFields.approval,
        "approval.executed": EventFields.approval + [EventField("status", .integer, isNullable: true)],
        "approval.failed": EventFields.approval + [
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
        "grade.changed": EventFields.series + [
            EventField("time", .string), EventField("previous", .number, isNullable: true),
            EventField("grade", .number), EventField("zone", .string),
            EventField("previous_zone", .string, isNullable: true), EventField("label", .string),
            EventField("model", .string), EventField("data_quality", .number),
        ],
        "signal.opened": EventFields.series + EventFields.signal + [
            EventField("gate_open", .boolean), EventField("stop_atr", .number, isNullable: true),
            EventField("stop_support", .number, isNullable: true),
        ],
        "signal.closed": EventFields.series + EventFields.signal + [
            EventField("closed_at", .string), EventField("reason", .string),
            EventField("roi_close", .number, isNullable: true),
            EventField("roi_net", .number, isNullable: true),
        ],
        "signal.stale": EventFields.series + EventFields.signal + [EventField("reason", .string)],
        "level.approached": EventFields.series + EventFields.level,
        "level.broken": EventFields.series + EventFields.level,
        "candle.gap": EventFields.series + [
            EventField("from", .string), EventField("to", .string), EventField("missing", .integer),
        ],
        "series.stale": EventFields.series + EventFields.seriesSilence,
        "series.resumed": EventFields.series + EventFields.seriesSilence + [
            EventField("silent_seconds", .integer)
        ],
        "candle_feed.failed": EventFields.candleFeed + [
            EventField("failures", .integer), EventField("error", .string),
            EventField("failing_since", .string), EventField("shut_out_until", .string, isNullable: true),
        ],
        "candle_feed.recovered": EventFields.candleFeed + [EventField("failing_since", .string)],
        "rule.suspended": [
            EventField("rule_id", .string), EventField("name", .string), EventField("owner_id", .string),
            EventField("reason", .string),
        ],
        "rule.failed": EventFields.rule + [
            EventField("event_id", .string), EventField("event_type", .string), EventField("error", .string),
        ],
        "rule.no_data": EventFields.rule + [EventField("reason", .string)],
        "rule.overflowed": EventFields.rule + [
            EventField("groups", .integer), EventField("values", .integer),
        ],
        "rule.expiring": EventFields.rule + [EventField("expires_at", .string)],
        "rule.expired": EventFields.rule + [EventField("expires_at", .string)],
        "rule.acted": EventFields.rule + EventFields.ruleAction + [
            EventField("changed", .integer), EventField("unchanged", .integer),
            EventField("forbidden", .integer),
        ],
        "rule.braked": EventFields.rule + EventFields.ruleAction + [
            EventField("wanted", .integer), EventField("touched", .integer),
            EventField("keys_per_hour", .integer),
        ],
        "rule.action.refused": EventFields.rule + EventFields.ruleAction + [EventField("reason", .string)],
        "heartbeat.missed": EventFields.heartbeat + [EventField("due_at", .string)],
        "heartbeat.recovered": EventFields.heartbeat + [
            EventField("missed_at", .string), EventField("down_seconds", .integer),
        ],
        "endpoint.degraded": EventFields.endpoint + [
            EventField("failures", .integer), EventField("last_status", .integer, isNullable: true),
            EventField("last_error", .string, isNullable: true),
        ],
        "endpoint.disabled": EventFields.endpoint + [EventField("reason", .string)],
        "endpoint.recovered": EventFields.endpoint + [EventField("down_seconds", .integer)],
        "endpoint.changed": EventFields.endpoint + [
            EventField("changed", .strings), EventField("previous_host", .string),
        ],
        "endpoint.deleted": EventFields.endpoint,
        "message.exhausted": EventFields.endpoint + [
            EventField("delivery_id", .string), EventField("message_id", .string),
            EventField("event_type", .string), EventField("alert_id", .string, isNullable: true),
            EventField("reason", .string), EventField("attempts", .integer),
            EventField("last_status", .integer, isNullable: true),
            EventField("last_error", .string, isNullable: true),
        ],
        "secret.rotation.due": EventFields.endpoint + [
            EventField("secret_id", .string), EventField("created_at", .string),
            EventField("days_old", .integer),
        ],
        "endpoint.certificate_expiring": EventFields.endpoint + [
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
