/// Fields of what is told of many tokens together.
extension EventFields {
    static let ofMarket: [String: [EventField]] = [
        "mover.entered": series + mover + [
            EventField("rank", .integer), EventField("change", .number),
            EventField("quote_volume", .number), EventField("from", .string), EventField("to", .string),
        ],
        "mover.left": series + mover + [EventField("time", .string, isNullable: true)],
        "market.regime_changed": series + [
            EventField("time", .string), EventField("regime", .string), EventField("previous", .string),
            EventField("close", .number), EventField("sma50", .number),
        ],
        "metric.observed": [
            EventField("token_id", .string), EventField("symbol", .string), EventField("metric", .string),
            EventField("source", .string), EventField("retroactive", .boolean),
            EventField("time", .string), EventField("value", .number),
            EventField("previous", .number, isNullable: true), EventField("revision", .integer),
        ],
        "narrative.faded": [
            EventField("narrative_id", .string), EventField("name", .string), EventField("source", .string),
            EventField("interval", .string), EventField("retroactive", .boolean),
            EventField("time", .string), EventField("score", .number),
            EventField("score_before", .number), EventField("members", .integer),
        ],
        "investor_grade.changed": series + [
            EventField("time", .string), EventField("previous", .number, isNullable: true),
            EventField("grade", .number), EventField("model", .string), EventField("data_quality", .number),
        ],
    ]

    private static let mover: [EventField] = [
        EventField("mover_list_id", .string), EventField("list", .string), EventField("side", .string),
        EventField("window", .string),
    ]
}
