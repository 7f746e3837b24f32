import Kernel

/// What becomes of a delivery after a turn: a row's next state, and the attempt that led there.
struct Outcome {
    enum Fate: Equatable {
        case delivered
        /// Tried again then.
        case retry(at: Timestamp)
        case dead(DeadReason)
        /// Not tried; may be taken again then.
        case held(until: Timestamp)
        /// Given back, to whoever polls first.
        case released
    }

    struct Attempt {
        let number: Int
        let at: Timestamp
        let result: AttemptResult
    }

    let delivery: PendingDelivery
    /// After this outcome.
    let progress: RetrySchedule.Progress
    /// Nothing more comes of it: the next of its line may go.
    var isOver: Bool {
        switch fate {
        case .delivered, .dead: true
        case .retry, .held, .released: false
        }
    }
    let fate: Fate
    /// Nil when none was made.
    let attempt: Attempt?
    let at: Timestamp

    /// An attempt was made.
    init(
        _ delivery: PendingDelivery, _ result: AttemptResult, begun: Timestamp, at now: Timestamp,
        fraction: Double
    ) {
        let failure: RetrySchedule.Failure =
            if case .throttled = result.verdict { .throttled } else { .failed }
        let progress = delivery.progress.after(failure, at: now)
        self.delivery = delivery
        self.progress = progress
        at = now
        attempt = Attempt(number: progress.attempts, at: begun, result: result)
        switch result.verdict {
        case .delivered: fate = .delivered
        case .gone: fate = .dead(.gone)
        case .refusedByPolicy: fate = .dead(.refusedByPolicy)
        case .tooLarge: fate = .dead(.tooLarge)
        case .failed, .slowed, .throttled, .rejected, .notMade:
            let next = RetrySchedule.next(
                after: progress, failure, retryAfter: result.retryAfter, now: now, fraction: fraction)
            switch next {
            case .attempt(let time): fate = .retry(at: time)
            case .exhausted: fate = .dead(.exhausted)
            }
        }
    }

    /// No attempt was made.
    init(_ delivery: PendingDelivery, _ fate: Fate, at now: Timestamp) {
        (self.delivery, self.progress, self.fate, self.at) = (delivery, delivery.progress, fate, now)
        attempt = nil
    }

    /// When to look whether its endpoint is there again; nil: it was reached, whatever it said.
    var knockAt: Timestamp? {
        guard let mistake = attempt?.result.mistake, [.connect, .dns].contains(mistake) else { return nil }
        return at + RetrySchedule.knockWait(begun: delivery.progress.begun, now: at)
    }

    /// Waits for an endpoint that takes nothing now, unless its time is over.
    static func waiting(
        _ delivery: PendingDelivery, until time: Timestamp, else reason: DeadReason, at now: Timestamp
    ) -> Outcome {
        let end = delivery.progress.begun + RetrySchedule.lifetime
        if now >= end { return Outcome(delivery, .dead(reason), at: now) }
        return Outcome(delivery, .held(until: min(time, end)), at: now)
    }
}

/// Why a delivery will not be tried again by itself.
package enum DeadReason: String, CaseIterable, Sendable {
    case exhausted, gone
    case refusedByPolicy = "refused_by_policy"
    case webhookDisabled = "webhook_disabled"
    case webhookDeleted = "webhook_deleted"
    case notPermitted = "not_permitted"
    case tooLarge = "too_large"

    /// Whether somebody hears of every such message: of the others it was told when its webhook was disabled
    /// or deleted, or there is nobody to tell.
    var isTold: Bool {
        switch self {
        case .exhausted, .refusedByPolicy, .tooLarge: true
        case .gone, .webhookDisabled, .webhookDeleted, .notPermitted: false
        }
    }
}
