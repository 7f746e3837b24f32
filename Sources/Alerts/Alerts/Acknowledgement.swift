import Events
package import Kernel

/// Somebody looks after an alert: it is not told again while it stays as it was, until then.
package struct Acknowledgement: Sendable {
    package let mark: Alert.Mark
    /// Nil: until it gets worse, or is resolved.
    package let until: Timestamp?
    /// What the alert was like.
    let count: Int
    let severity: String

    /// Why one ends without anybody's doing.
    enum End: String {
        case severity
        case count
        case time = "acknowledgement_ended"
    }

    /// An alert gets worse when its severity rises, or when it fired twice as often.
    /// - Returns: nil while it stands.
    func end(count: Int, severity: Severity, at now: Timestamp) -> End? {
        let before = Severity(rawValue: self.severity)
        if let before, severity.rank > before.rank { return .severity }
        if count >= self.count * 2 { return .count }
        return stands(at: now) ? nil : .time
    }

    func stands(at now: Timestamp) -> Bool { until.map { now < $0 } ?? true }
}

extension Acknowledgement {
    /// Nobody hides a security alert for good by saying that they look after it.
    static let ofSecurityAtMost: Period = .hours(24)
    static let atMost: Period = .days(30)
    static let atLeast: Period = .minutes(1)

    /// Until when one holds that was asked for; nil when it is longer than may be.
    static func end(_ wanted: Period?, of isSecurity: Bool, at now: Timestamp) -> Timestamp? {
        if let wanted { return now + wanted }
        return isSecurity ? now + ofSecurityAtMost : nil
    }
}

extension Severity {
    var rank: Int {
        switch self {
        case .info: 0
        case .warning: 1
        case .critical: 2
        }
    }
}
