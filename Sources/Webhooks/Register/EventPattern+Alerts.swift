import Events

extension EventPattern {
    /// What alerts are told as.
    static let alerts = EventPattern(trusted: "alert.*")

    /// About alerts rather than events.
    var isAboutAlerts: Bool { text.hasPrefix("alert.") }
}
