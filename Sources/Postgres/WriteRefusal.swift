/// Why a server that answers does not do what it is asked to.
package enum WriteRefusal: Sendable {
    case readOnly, diskFull, diskFailing, resourcesShort

    /// By appendix A of PostgreSQL's manual.
    init?(sqlState: String) {
        switch sqlState {
        case "25006": self = .readOnly
        case "53100": self = .diskFull
        case "58030": self = .diskFailing
        case "53200", "53400": self = .resourcesShort
        default: return nil
        }
    }

    package var sentence: String {
        switch self {
        case .readOnly: "it is read-only"
        case .diskFull: "its disk is full"
        case .diskFailing: "its disk fails"
        case .resourcesShort: "it is short of memory or of another resource"
        }
    }
}

extension PostgresError {
    package var writeRefusal: WriteRefusal? { sqlState.flatMap { WriteRefusal(sqlState: $0) } }
}
