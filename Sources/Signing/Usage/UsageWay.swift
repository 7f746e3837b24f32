/// How a use came to be known: through Keybell, or by a report of whoever holds the key itself.
enum UsageWay: String, CaseIterable, Sendable {
    case sign, proxy, report

    /// As the trail calls it.
    var action: String {
        switch self {
        case .sign: "keys.sign"
        case .proxy: "keys.proxy"
        case .report: "usage.report"
        }
    }
}
