// What stands in no sentence of a refusal, because stock ccxt would take it for something else: the same as
// `never_in_message` of Tests/Clients/dialects.json, which the judge `clients` holds against ccxt.

extension ExchangeDialect {
    static let mistakable: [ExchangeName: [String]] = [
        .binance: [
            "MAX_POSITION", "PERCENT_PRICE_BY_SIDE", "This order type is not possible",
            "has no operation privilege", "Price * QTY is zero or less", "LOT_SIZE", "PRICE_FILTER",
        ],
        .bybit: [
            "Not supported symbols", "Request timeout", "invalid api_key", "new_oc", "oc_diff",
            "openapi sign params error!", "unknown orderInfo",
        ],
        .okx: [
            "Internal Server Error", "server error",
        ],
        .kraken: [
            ":Cancel pending", ":IInsufficient funds", ":Invalid arguments:viqc",
            ":Invalid arguments:volume", ":Invalid nonce", ":Invalid order", ":Rate limit exceeded",
        ],
        .coinbase: [
            "Insufficient balance in source account", "order with self orderID was not found",
            "request timestamp expired",
        ],
        .kucoin: [
            "Exceeded the access frequency", "Position does not exist",
            "pageSize should not greater than 500", "require more permission",
        ],
        .gate: [
            "Your order size"
        ],
        .bitget: [
            "invalid size, valid range"
        ],
        .mexc: [
            "Bid price is great than max allow price", "Combination of optional parameters invalid",
            "Contract not allow place order!", "Insufficient balance!", "Insufficient position",
            "Invalid symbol.", "Order quantity error, please try to modify.", "Oversold", "Param error!",
            "api market order is disabled", "maintenance",
        ],
    ]
}
