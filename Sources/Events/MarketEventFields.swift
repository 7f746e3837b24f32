/// Fields of what is told of many tokens together.
extension EventFields {
    static let ofMarket: [String: [EventField]] = [
        "mover.entered": series + mover + [
            EventField("rank", .integer), EventField("change", .number),
            EventField("quote_volume", .number), EventField("from", .string), EventField("to", .string),
        ],
        "mover.left": series + mover + [EventField("time", .string, isNullable: true)],
        "market.closed": series + [
            EventField("time", .string), EventField("candle", .map), EventField("grade", .map),
            EventField("signal", .map), EventField("level", .map), EventField("market", .map),
        ],
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

extension EventType {
    /// What the maps of `market.closed` hold, by their names: each may be read as a variable of its own.
    package static let marketFields: [String: [EventField]] = [
        "candle": [
            EventField("open", .number), EventField("high", .number), EventField("low", .number),
            EventField("close", .number), EventField("volume", .number),
        ],
        "grade": [
            EventField("value", .number), EventField("previous", .number, isNullable: true),
            EventField("zone", .string), EventField("label", .string), EventField("model", .string),
        ],
        "signal": [
            EventField("direction", .string, isNullable: true),
            EventField("since", .string, isNullable: true),
            EventField("decision_close", .number, isNullable: true),
            EventField("confidence", .number, isNullable: true),
            EventField("stop", .number, isNullable: true),
        ],
        "level": [
            EventField("support", .number, isNullable: true),
            EventField("resistance", .number, isNullable: true),
        ],
        "market": [
            EventField("gate_open", .boolean), EventField("time", .string, isNullable: true),
            EventField("close", .number, isNullable: true), EventField("sma50", .number, isNullable: true),
        ],
    ]
}
