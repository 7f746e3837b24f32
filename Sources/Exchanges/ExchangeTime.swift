package import JSON
package import Kernel

/// How an exchange tells its time, to anybody.
extension ExchangeName {
    package var timeRequest: RequestDraft {
        switch self {
        case .binance, .mexc: .list("spot", "/api/v3/time")
        case .bybit: .list("main", "/v5/market/time")
        case .okx: .list("main", "/api/v5/public/time")
        case .kraken: .list("spot", "/0/public/Time")
        case .coinbase: .list("main", "/api/v3/brokerage/time")
        case .kucoin: .list("spot", "/api/v1/timestamp")
        case .gate: .list("main", "/api/v4/spot/time")
        case .bitget: .list("main", "/api/v2/public/time")
        }
    }

    /// What anybody may ask of a host, at the least cost, and is answered 200; nil where none is known.
    package func ping(on host: String) -> RequestDraft? {
        if host == timeRequest.host { return timeRequest }
        return switch (self, host) {
        case (.binance, "usdm"): .list(host, "/fapi/v1/ping")
        case (.binance, "coinm"): .list(host, "/dapi/v1/ping")
        case (.binance, "options"): .list(host, "/eapi/v1/ping")
        case (.kucoin, "futures"): .list(host, "/api/v1/timestamp")
        case (.mexc, "futures"): .list(host, "/api/v1/contract/ping")
        default: nil
        }
    }

    /// Reads the answer; nil when it is not one.
    package func time(in answer: JSONValue) -> Timestamp? {
        let milliseconds: Int64? =
            switch self {
            case .binance, .mexc: answer.int("serverTime")
            case .bybit: answer.int("time")
            case .okx: answer["data"]?[0]?.int("ts")
            case .kraken: answer["result"]?.int("unixtime").map { $0 * 1_000 }
            case .coinbase: answer.int("epochMillis")
            case .kucoin: answer.int("data")
            case .gate: answer.int("server_time")
            case .bitget: answer["data"]?.int("serverTime")
            }
        return Timestamp(exchangeMilliseconds: milliseconds)
    }

    /// How coarsely it tells it.
    package var timeGrain: Period { self == .kraken ? .seconds(1) : .milliseconds(1) }
}
