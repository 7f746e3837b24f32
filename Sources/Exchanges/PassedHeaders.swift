package import JSON

/// Headers that pass the proxy, each way and at every exchange: named ones only.
package enum PassedHeaders {
    /// Towards the exchange, beside the content's type and what a recipe writes.
    package static let towards = ["accept", "locale", "x-locale", "x-gate-size-decimal", "cb-version"]

    /// Back from it.
    package static let back = ["content-type", "retry-after", "date"]

    /// How names begin that come back, too: weights and rates, as each exchange names them.
    package static let backBeginning = [
        "x-mbx-used-weight", "x-mbx-used-remain-limit", "x-mbx-order-count", "x-sapi-used", "x-bapi-limit",
        "gw-ratelimit-", "ratelimit-", "x-ratelimit-", "x-gate-ratelimit-", "x-in-time", "x-out-time",
        "rate-limit-",
    ]

    /// For people, who do not learn it by what is missing.
    package static func write(to w: inout JSONWriter) {
        w.object("passed_headers") { w in
            w.field("towards", towards + ["content-type"])
            w.field("back", back + backBeginning.map { $0 + "*" })
        }
    }
}
