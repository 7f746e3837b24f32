import Kernel

/// Until when one may act: somebody who wants no end says so.
enum ServiceAccountEnd {
    /// Unless somebody says otherwise: what nobody asks for again ends by itself.
    static let lifetime: Period = .days(365)

    case at(Timestamp), never

    init?(_ text: String) {
        if text == "never" {
            self = .never
        } else if let time = Timestamp(text) {
            self = .at(time)
        } else {
            return nil
        }
    }

    var time: Timestamp? { if case .at(let time) = self { time } else { nil } }
}
