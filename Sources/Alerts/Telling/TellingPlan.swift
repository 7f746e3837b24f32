import Access
import Kernel
import Webhooks

/// Whom a firing is told, worked out from values alone.
struct TellingPlan: Equatable {
    struct Held: Equatable {
        let webhook: WebhookID
        /// It would be told because it subscribed, not because somebody chose it.
        let isSubscribed: Bool
        let reason: TellingReason
        let until: Timestamp
        /// The first of the telling's events that waits for it.
        var from = 0
    }

    /// Nil: nobody, now or later.
    var target: Message.Target?
    /// Whom routes, or a step of an escalation, chose.
    var chosen: [WebhookID] = []
    var held: [Held] = []
    /// What hides it; or what chose and holds.
    var reasons: [TellingReason] = []
    /// Routes that take it, told or not: they escalate.
    var routes: [AlertRoute] = []

    /// So many of the telling's events are told before its rule told enough; nil: all of them.
    var quota: Int?

    var withheld: Set<WebhookID> { Set(held.map(\.webhook)) }

    /// Who is told an event later.
    func withheld(from place: Int) -> Set<WebhookID> {
        Set(held.filter { $0.from <= place }.map(\.webhook))
    }

    /// Somebody is told an event at once.
    func isTold(_ place: Int) -> Bool {
        if let quota, place >= quota { return false }
        switch target {
        case nil: return false
        case .webhooks(let named): return !Set(named).isSubset(of: withheld(from: place))
        case .subscribers, .subscribersAnd, .subscribed: return true
        }
    }

    /// Somebody is told at once.
    var isToldNow: Bool { isTold(0) }

    /// As if there were no routes, silences and hours.
    var isUsual: Bool { target != nil && chosen.isEmpty && held.isEmpty }

    func verdict(of place: Int) -> String { target == nil ? "hidden" : isTold(place) ? "told" : "held" }
}

extension TellingPlan {
    /// - Parameters:
    ///   - flood: what told as much in this minute as it tells one by one.
    ///   - now: the moment of telling; when it fired does not matter.
    init(
        _ telling: Telling, _ book: TellingBook, _ flood: Floods.Flood = Floods.Flood(), at now: Timestamp
    ) {
        if let acknowledged = telling.acknowledged {
            reasons = [TellingReason(kind: .acknowledgement, until: acknowledged.until)]
            return
        }
        if telling.isFlapping {
            reasons = [TellingReason(kind: .flapping)]
            return
        }
        if telling.escalation == nil { routes = book.routes.filter { $0.matchers.take(telling.facts) } }
        reasons = book.mutes.filter {
            $0.hides(telling.facts, isSecurity: telling.isSecurity, at: now)
        }.map(\.reason)
        if !reasons.isEmpty { return }
        choose(telling)
        reach(book, but: telling.endpoint)
        hold(telling, book, flood, at: now)
    }

    private mutating func choose(_ telling: Telling) {
        if let escalation = telling.escalation {
            (chosen, target) = (escalation, .webhooks(escalation))
        } else if !telling.sendTo.isEmpty {
            target = .webhooks(telling.sendTo)
        } else if routes.isEmpty {
            target = .subscribers
        } else {
            var seen: Set<WebhookID> = []
            chosen = routes.flatMap(\.webhooks).filter { seen.insert($0).inserted }
            // A route alone takes a security alert from nobody who subscribed.
            target = telling.isSecurity ? .subscribersAnd(chosen) : .webhooks(chosen)
            reasons += routes.map { TellingReason(kind: .route, id: $0.id.description) }
        }
    }

    /// Where none of those that were chosen takes messages, because they were deleted, or are disabled, all
    /// who subscribed are told; and where there is none either, it stands with the alert that nobody was.
    /// - Parameter endpoint: the one that it tells of.
    private mutating func reach(_ book: TellingBook, but endpoint: WebhookID?) {
        guard let named = target?.named, !named.isEmpty, target.map(\.isForNamedAlone) == true,
            !named.contains(where: { book.receivers.contains($0) && $0 != endpoint })
        else { return }
        reasons.append(TellingReason(kind: .unreachable))
        chosen = book.subscribers.filter { $0 != endpoint }
        target = chosen.isEmpty ? nil : .webhooks(chosen)
    }

    private mutating func hold(
        _ telling: Telling, _ book: TellingBook, _ flood: Floods.Flood, at now: Timestamp
    ) {
        for hours in book.quiet {
            guard let end = hours.end(telling.severity, isSecurity: telling.isSecurity, at: now) else {
                continue
            }
            let reason = TellingReason(kind: .quietHours, id: hours.principal, until: end)
            for webhook in hours.webhooks { hold(webhook, reason, until: end) }
        }
        let end = now.nextMinute
        for route in routes where telling.sendTo.isEmpty && flood.routes.contains(route.id) {
            let reason = TellingReason(kind: .flood, id: route.id.description, until: end)
            for webhook in route.webhooks { hold(webhook, reason, until: end) }
        }
        if let fits = flood.ofRule, let rule = telling.quota?.rule {
            quota = fits
            let reason = TellingReason(kind: .flood, id: rule.description, until: end)
            reasons.append(reason)
            for webhook in target?.named ?? [] { hold(webhook, reason, until: end, from: fits) }
            for webhook in book.subscribers { hold(webhook, reason, until: end, from: fits) }
        }
    }

    private mutating func hold(
        _ webhook: WebhookID, _ reason: TellingReason, until end: Timestamp, from place: Int = 0
    ) {
        guard let isSubscribed = target?.wants(webhook), !withheld.contains(webhook) else { return }
        held.append(
            Held(webhook: webhook, isSubscribed: isSubscribed, reason: reason, until: end, from: place))
        if !reasons.contains(reason) { reasons.append(reason) }
    }
}

extension Message.Target {
    fileprivate var isForNamedAlone: Bool {
        switch self {
        case .webhooks, .subscribed: true
        case .subscribers, .subscribersAnd: false
        }
    }

    /// Whom somebody chose.
    fileprivate var named: [WebhookID] {
        switch self {
        case .webhooks(let named), .subscribersAnd(let named), .subscribed(let named): named
        case .subscribers: []
        }
    }

    /// Nil: it would not be told. True: only if it subscribed.
    fileprivate func wants(_ webhook: WebhookID) -> Bool? {
        switch self {
        case .webhooks(let named), .subscribed(let named): named.contains(webhook) ? false : nil
        case .subscribers: true
        case .subscribersAnd(let named): !named.contains(webhook)
        }
    }
}

extension Timestamp {
    private static let minute = Period.minutes(1).microseconds

    /// When the running minute began.
    var minute: Timestamp { Timestamp(microseconds: microseconds - microseconds % Self.minute) }
    var nextMinute: Timestamp { minute + .minutes(1) }
}
