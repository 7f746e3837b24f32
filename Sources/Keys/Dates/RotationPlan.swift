package import Kernel

/// How often a key's secret is to be renewed, and how long before that people are reminded.
package struct RotationPlan: Equatable, Sendable {
    package let every: WrittenPeriod
    /// Each shorter than `every`.
    package let remindBefore: [WrittenPeriod]

    package init(every: WrittenPeriod, remindBefore: [WrittenPeriod]) {
        (self.every, self.remindBefore) = (every, remindBefore)
    }

    /// When the secret is to be renewed: counted from when it was made, or, when nobody knows, from
    /// `createdAt`.
    package func due(secretCreatedAt: Timestamp?, createdAt: Timestamp) -> Timestamp {
        (secretCreatedAt ?? createdAt) + every.period
    }

    /// A reminder each, then once a day for as long as it is overdue.
    package func countdown(to due: Timestamp) -> Countdown {
        Countdown(
            deadline: due, reminders: remindBefore.map { ($0.text, $0.period) }, past: "overdue",
            repeating: .days(1))
    }
}

extension Countdown {
    /// Events before a key lapses at its exchange, and one when it has.
    package static func expiry(_ expiresAt: Timestamp) -> Countdown {
        Countdown(
            deadline: expiresAt,
            reminders: [
                ("30d", .days(30)), ("14d", .days(14)), ("7d", .days(7)), ("3d", .days(3)), ("1d", .days(1)),
            ],
            past: "expired", repeating: nil)
    }
}
