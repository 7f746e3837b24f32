/// Fields that events of several types share.
enum EventFields {
    static let probe: [EventField] = [
        EventField("outcome", .string), EventField("detail", .string, isNullable: true),
    ]
    static let version: [EventField] = [
        EventField("version", .integer), EventField("kind", .string), EventField("origin", .string),
    ]
    static let away: [EventField] = [
        EventField("journal", .string), EventField("node_id", .string), EventField("began_at", .string),
    ]

    static let use: [EventField] = [
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
        EventField("symbols", .strings, isOptional: true), EventField("sides", .strings, isOptional: true),
        wouldDeny,
    ]

    /// Most uses have none, and of uses there are many.
    private static let wouldDeny = EventField("would_deny", .strings, isNullable: true, isOptional: true)

    static let key: [EventField] = [
        EventField("key_id", .string), EventField("label", .string), EventField("exchange", .string),
        EventField("account", .string), EventField("environment", .string), EventField("owner_id", .string),
        EventField("tags", .strings), EventField("status", .string),
    ]

    static let priceSource: [EventField] = [
        EventField("price_source_id", .string), EventField("kind", .string), EventField("name", .string),
    ]

    static let approval: [EventField] = [
        EventField("approval_id", .string), EventField("action", .string),
        EventField("requester_id", .string),
        EventField("path", .string), EventField("key_id", .string, isNullable: true),
        EventField("account_id", .string, isNullable: true),
        EventField("reason", .string, isNullable: true), EventField("rules", .strings),
        EventField("roles", .strings), EventField("expires_at", .string),
    ]

    static let account: [EventField] = [
        EventField("account_id", .string), EventField("name", .string), EventField("exchange", .string),
        EventField("environment", .string), EventField("uid", .string, isNullable: true),
        EventField("parent_id", .string, isNullable: true),
    ]

    static let user: [EventField] = [
        EventField("user_id", .string), EventField("name", .string), EventField("status", .string),
    ]

    static let factor: [EventField] = [
        EventField("user_id", .string), EventField("factor_id", .string), EventField("kind", .string),
        EventField("name", .string),
    ]

    static let serviceAccount: [EventField] = [
        EventField("service_account_id", .string), EventField("name", .string),
        EventField("owner_id", .string),
        EventField("status", .string),
    ]

    static let breakGlass: [EventField] = [
        EventField("break_glass_id", .string), EventField("name", .string), EventField("role", .string),
    ]

    static let accessToken: [EventField] = [
        EventField("access_token_id", .string), EventField("principal_id", .string),
        EventField("name", .string),
    ]

    static let series: [EventField] = [
        EventField("token_id", .string), EventField("symbol", .string), EventField("source", .string),
        EventField("interval", .string), EventField("retroactive", .boolean),
    ]

    static let seriesSilence: [EventField] = [
        EventField("last_closed", .string), EventField("stale_since", .string),
    ]

    static let candleFeed: [EventField] = [
        EventField("candle_feed_id", .string), EventField("token_id", .string),
        EventField("symbol", .string), EventField("source", .string), EventField("interval", .string),
        EventField("exchange", .string), EventField("instrument", .string),
    ]

    static let signal: [EventField] = [
        EventField("signal_id", .string), EventField("direction", .string), EventField("decided_at", .string),
        EventField("decision_close", .number), EventField("grade", .number), EventField("model", .string),
        EventField("confidence", .number, isNullable: true),
    ]

    static let level: [EventField] = [
        EventField("time", .string), EventField("close", .number), EventField("level", .number),
        EventField("direction", .string), EventField("strength", .number), EventField("touches", .integer),
        EventField("next_level", .number, isNullable: true),
    ]

    static let alert: [EventField] = [
        EventField("alert_id", .string), EventField("rule", .map), EventField("severity", .string),
        EventField("state", .string), EventField("summary", .string),
        EventField("advice", .string, isNullable: true), EventField("labels", .map),
        EventField("group", .map), EventField("count", .integer), EventField("first_at", .string),
        EventField("last_at", .string), EventField("event", .map), EventField("url", .string),
    ]

    static let rule: [EventField] = [
        EventField("rule_id", .string), EventField("name", .string),
        EventField("owner_id", .string, isNullable: true),
    ]

    static let ruleAction: [EventField] = [
        EventField("alert_id", .string), EventField("event_id", .string), EventField("action", .string),
        EventField("mode", .string, isNullable: true),
    ]

    static let heartbeat: [EventField] = [
        EventField("heartbeat_id", .string), EventField("name", .string), EventField("owner_id", .string),
        EventField("labels", .map), EventField("every", .string), EventField("grace", .string),
        EventField("last_ping_at", .string, isNullable: true),
    ]

    static let endpoint: [EventField] = [
        EventField("webhook_id", .string), EventField("name", .string), EventField("host", .string),
    ]
}
