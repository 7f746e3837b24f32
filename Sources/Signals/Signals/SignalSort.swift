import Kernel

/// The orders of lists of signals.
enum SignalSort: String, CaseIterable {
    case decidedAt = "decided_at", decidedAtDown = "-decided_at"
    case roiNet = "roi_net", roiNetDown = "-roi_net"
    case roiClose = "roi_close", roiCloseDown = "-roi_close"
    case confidence, confidenceDown = "-confidence"
    case grade, gradeDown = "-grade"
    case peakHigh = "peak_high", peakHighDown = "-peak_high"
    case maxDrawdown = "max_drawdown", maxDrawdownDown = "-max_drawdown"

    var isDescending: Bool { rawValue.hasPrefix("-") }
    var isByTime: Bool { self == .decidedAt || self == .decidedAtDown }
    var isByReturns: Bool {
        switch self {
        case .roiNet, .roiNetDown, .roiClose, .roiCloseDown: true
        default: false
        }
    }

    /// What the path of the price brought stands in the stored body alone, as it is now.
    private var pathMember: String? {
        switch self {
        case .peakHigh, .peakHighDown: "peak_high"
        case .maxDrawdown, .maxDrawdownDown: "max_drawdown"
        default: nil
        }
    }
    var isOfNowAlone: Bool { pathMember != nil }

    /// Signals without the number come last, whichever way.
    var key: String {
        let absent = isDescending ? "'-infinity'" : "'infinity'"
        return switch self {
        case .decidedAt, .decidedAtDown: "g.decided_at"
        case .roiNet, .roiNetDown: "coalesce(g.roi_net, \(absent))"
        case .roiClose, .roiCloseDown: "coalesce(g.roi_close, \(absent))"
        case .confidence, .confidenceDown: "coalesce(g.confidence, \(absent))"
        case .grade, .gradeDown: "coalesce(n.value, \(absent))"
        case .peakHigh, .peakHighDown, .maxDrawdown, .maxDrawdownDown:
            "coalesce((g.body::json->'roi'->>'\(pathMember ?? "")')::float8, \(absent))"
        }
    }

    func key(of signal: ListedSignal) -> String {
        let absent = isDescending ? -Double.infinity : .infinity
        return switch self {
        case .decidedAt, .decidedAtDown: String(signal.decidedAt.microseconds)
        case .roiNet, .roiNetDown: "\(signal.roiNet ?? absent)"
        case .roiClose, .roiCloseDown: "\(signal.roiClose ?? absent)"
        case .confidence, .confidenceDown: "\(signal.confidence ?? absent)"
        case .grade, .gradeDown: "\(signal.grade ?? absent)"
        case .peakHigh, .peakHighDown, .maxDrawdown, .maxDrawdownDown:
            "\(pathMember.flatMap(signal.returns) ?? absent)"
        }
    }
}
