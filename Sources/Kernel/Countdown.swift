/// The moments around a deadline at which something is said about it. Of moments that passed unnoticed (the
/// service was away, the key is new) only the latest is spoken of.
package struct Countdown: Sendable {
    package struct Stage: Equatable, Sendable {
        package let name: String
        package let at: Timestamp
    }

    package let deadline: Timestamp
    /// Ascending.
    private let reminders: [Stage]
    private let past: String
    /// How often the deadline is spoken of once it has passed; nil is once.
    private let repeating: Period?

    package init(
        deadline: Timestamp, reminders: [(name: String, before: Period)], past: String, repeating: Period?
    ) {
        self.deadline = deadline
        self.reminders = reminders.map { Stage(name: $0.name, at: deadline - $0.before) }
            .sorted { $0.at < $1.at }
        (self.past, self.repeating) = (past, repeating)
    }

    /// The latest moment that has come; nil while none has.
    package func stage(at now: Timestamp) -> Stage? {
        guard now < deadline else { return Stage(name: past, at: latestPast(at: now)) }
        return reminders.last { $0.at <= now }
    }

    /// The next moment strictly after `now`; nil when all has been said.
    package func next(after now: Timestamp) -> Timestamp? {
        if let reminder = reminders.first(where: { $0.at > now && $0.at < deadline }) { return reminder.at }
        if now < deadline { return deadline }
        return repeating.map { latestPast(at: now) + $0 }
    }

    /// When to speak first about a deadline that was set at `now`: at once when a moment has come already.
    package func first(from now: Timestamp) -> Timestamp? {
        stage(at: now) == nil ? next(after: now) : now
    }

    /// Negative once it has passed; to two places.
    package func daysLeft(at now: Timestamp) -> Double {
        ((deadline - now).seconds / 864).rounded() / 100
    }

    package func isPast(at now: Timestamp) -> Bool { deadline <= now }

    private func latestPast(at now: Timestamp) -> Timestamp {
        guard let repeating else { return deadline }
        let count = (now - deadline).microseconds / repeating.microseconds
        return deadline + Period(microseconds: count * repeating.microseconds)
    }
}
