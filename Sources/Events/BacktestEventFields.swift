extension EventFields {
    private static let backtest: [EventField] = [
        EventField("backtest_id", .string), EventField("name", .string), EventField("created_by", .string),
        EventField("rule_digest", .string), EventField("known_at", .string),
    ]

    static let ofBacktests: [String: [EventField]] = [
        "backtest.started": backtest,
        "backtest.finished": backtest + [
            EventField("seconds", .number), EventField("variants_tried", .integer),
            EventField("sharpe", .number, isNullable: true), EventField("max_drawdown", .number),
            EventField("total_return", .number), EventField("trades", .integer),
            EventField("prefix_test_passes", .boolean), EventField("warnings", .strings),
        ],
        "backtest.failed": backtest + [EventField("error", .string)],
        "backtest.cancelled": backtest,
    ]
}
