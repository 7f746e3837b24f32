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
        /// It is hidden, and told if it still fires when that is over.
        var isMuted = false
    }

    /// Whether a webhook would get it that was chosen, or subscribed.
    typealias Reach = (WebhookID) -> Bool

    /// Nil: nobody, now or later.
    var target: Message.Target?
    /// Whom routes, or a step of an escalation, chose.
    var chosen: [WebhookID] = []
    var held: [Held] = []
    /// What hides it; or what chose and holds.
    var reasons: [TellingReason] = []
    /// Routes that take it, told or not: they escalate.
    var routes: [AlertRoute] = []

    /// Whether any of those who are not made to wait would get it.
    private var isHeard = false

    /// One that would be told if it took anything now.
    private struct Away: Equatable {
        let webhook: WebhookID
        let isSubscribed: Bool
    }

    /// Where there is nobody else.
    private var away: [Away] = []

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
        return target != nil && isHeard
    }

    /// Somebody is told at once.
    var isToldNow: Bool { isTold(0) }

    /// As if there were no routes, silences and hours.
    var isUsual: Bool { target != nil && chosen.isEmpty && held.isEmpty }

    /// There is nobody whom it could be told.
    var isLost: Bool { target == nil && reasons.contains { $0.kind == .unreachable } }

    func verdict(of place: Int) -> String { target == nil ? "hidden" : isTold(place) ? "told" : "held" }
}

extension TellingPlan {
    /// - Parameters:
    ///   - flood: what told as much in this minute as it tells one by one.
    ///   - now: the moment of telling; when it fired does not matter.
    ///   - reach: asked of webhooks that take messages.
    init(
        _ telling: Telling, _ book: TellingBook, _ flood: Floods.Flood = Floods.Flood(), at now: Timestamp,
        reach: @escaping Reach = { _ in true }
    ) {
        if let acknowledged = telling.acknowledged {
            reasons = [TellingReason(kind: .acknowledgement, until: acknowledged.until)]
            return
        }
        if telling.isFlapping {
            reasons = [TellingReason(kind: .flapping)]
            // Nobody is told, but those are asked who wait for an acknowledgement.
            if telling.beginsEscalation { routes = book.routes.filter { $0.matchers.take(telling.facts) } }
            return
        }
        let isOpen = Self.isOpen(telling, book, reach)
        find(telling, book, isOpen)
        let mutes = book.mutes.filter { $0.hides(telling.facts, isSecurity: telling.isSecurity, at: now) }
        guard mutes.isEmpty else {
            hide(telling, book, mutes, at: now)
            return
        }
        let someTime = now + HeldReceivers.triedEvery
        for one in away { wait(one, TellingReason(kind: .unreachable), until: someTime) }
        hold(telling, book, flood, at: now)
        let waiting = withheld(from: 0)
        isHeard = audience(in: book).contains { !waiting.contains($0) && isOpen($0) }
    }

    /// Whom it is for as things are, whatever hides or holds it.
    init(audienceOf telling: Telling, _ book: TellingBook, reach: @escaping Reach) {
        find(telling, book, Self.isOpen(telling, book, reach))
    }

    private static func isOpen(_ telling: Telling, _ book: TellingBook, _ reach: @escaping Reach) -> Reach {
        let endpoint = telling.endpoint
        return { $0 != endpoint && book.receivers.contains($0) && reach($0) }
    }

    private mutating func find(_ telling: Telling, _ book: TellingBook, _ isOpen: Reach) {
        if telling.escalation == nil { routes = book.routes.filter { $0.matchers.take(telling.facts) } }
        choose(telling)
        findSomebody(in: book, except: telling.endpoint, isOpen)
    }

    /// Nobody is told now. What lasts is looked at again when that is over, for each who would be told.
    private mutating func hide(
        _ telling: Telling, _ book: TellingBook, _ mutes: [Mute], at now: Timestamp
    ) {
        if telling.lasts, let reason = mutes.first?.reason,
            let end = mutes.compactMap({ $0.spans.end(at: now) }).max()
        {
            for webhook in audience(in: book) { hold(webhook, reason, until: end, isMuted: true) }
            for one in away { wait(one, reason, until: end) }
        }
        (target, chosen, reasons) = (nil, [], mutes.map(\.reason))
    }

    /// Whom it is for, whether they get it or not.
    private func audience(in book: TellingBook) -> [WebhookID] {
        switch target {
        case nil: []
        case .webhooks(let named), .subscribed(let named): named
        case .subscribers: book.subscribers
        case .subscribersAnd(let named): named + book.subscribers.filter { !named.contains($0) }
        }
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

    /// Where none of those that were chosen gets it, because they were deleted, or are disabled, or take no
    /// such alert, or their owners may not read it, all who subscribed are told; and where there is none
    /// either, it stands with the alert that nobody was, and it waits for those who may be back.
    private mutating func findSomebody(in book: TellingBook, except endpoint: WebhookID?, _ isOpen: Reach) {
        guard !audience(in: book).contains(where: isOpen) else { return }
        reasons.append(TellingReason(kind: .unreachable))
        let named = target?.named ?? []
        chosen = target.map(\.isForNamedAlone) == true ? book.subscribers.filter(isOpen) : []
        target = chosen.isEmpty ? nil : .webhooks(chosen)
        guard target == nil else { return }
        away =
            (named.filter { book.away.contains($0) }
            + book.awaySubscribers.filter { !named.contains($0) })
            .filter { $0 != endpoint }.map { Away(webhook: $0, isSubscribed: !named.contains($0)) }
    }

    /// One that takes nothing now is told when it does, if it still fires by then.
    private mutating func wait(_ one: Away, _ reason: TellingReason, until end: Timestamp) {
        held.append(
            Held(
                webhook: one.webhook, isSubscribed: one.isSubscribed, reason: reason, until: end,
                isMuted: true))
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
        _ webhook: WebhookID, _ reason: TellingReason, until end: Timestamp, from place: Int = 0,
        isMuted: Bool = false
    ) {
        guard let isSubscribed = target?.wants(webhook), !withheld.contains(webhook) else { return }
        held.append(
            Held(
                webhook: webhook, isSubscribed: isSubscribed, reason: reason, until: end, from: place,
                isMuted: isMuted))
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

    var hasSubscribers: Bool {
        switch self {
        case .subscribers, .subscribersAnd: true
        case .webhooks, .subscribed: false
        }
    }

    /// Whom somebody chose.
    var named: [WebhookID] {
        switch self {
        case .webhooks(let named), .subscribersAnd(let named), .subscribed(let named): named
        case .subscribers: []
        }
    }

    /// Nil: it would not be told. True: only if it subscribed.
    func wants(_ webhook: WebhookID) -> Bool? {
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
