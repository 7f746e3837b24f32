import Access
import Events
import JSON
import Kernel
import Testing
import TestSupport
import Webhooks

@testable import Alerts

/// Whom a firing is told, from values alone.
struct TellingPlanTests {
    private let now = Timestamp.testStart
    private let one = WebhookID(UUID(high: 1, low: 1))
    private let two = WebhookID(UUID(high: 1, low: 2))
    private let three = WebhookID(UUID(high: 1, low: 3))

    private func telling(
        _ severity: Severity = .warning, isSecurity: Bool = false, sendTo: [WebhookID] = []
    ) -> Telling {
        let rule = RuleReference(id: AlertRuleID(UUID(high: 2, low: 2)), name: "Balance low", version: 1)
        var labels = JSONObject()
        _ = labels.append("team", "desk")
        var group = JSONObject()
        _ = group.append("event.key_id", "key_1")
        return Telling(
            alert: AlertID(UUID(high: 3, low: 3)), events: [], firedBy: .keyUsed, sendTo: sendTo,
            facts: AlertFacts(
                rule: rule, severity: severity.rawValue, isSecurity: isSecurity, eventType: "custom.a",
                labels: labels, group: group), severity: severity, isSecurity: isSecurity, isNew: true)
    }

    private func matcher(_ name: String, _ value: String) -> LabelMatcher {
        guard let matcher = try? LabelMatcher(name, .equal, value) else { preconditionFailure("no pattern") }
        return matcher
    }

    private func route(
        _ number: UInt64, _ matchers: [LabelMatcher], _ webhooks: [WebhookID]
    ) -> AlertRoute {
        AlertRoute(
            id: AlertRouteID(UUID(high: 4, low: number)), name: "r\(number)", matchers: matchers,
            webhooks: webhooks, steps: [], digestAbove: nil, updatedAt: now, updatedBy: "", createdAt: now,
            revision: 1)
    }

    private func mute(_ matchers: [LabelMatcher], hidesSecurity: Bool = false) -> Mute {
        var mute = Mute(
            reason: TellingReason(kind: .silence, id: "sil"), matchers: matchers,
            hidesSecurity: hidesSecurity)
        mute.spans.add(now..<now + .hours(1))
        return mute
    }

    private func book(
        _ routes: [AlertRoute] = [], _ mutes: [Mute] = [], quiet: [QuietHours] = []
    ) -> TellingBook {
        TellingBook(
            configuration: 1, readAt: now, routes: routes, mutes: mutes, quiet: quiet,
            receivers: [one, two, three], subscribers: [one, two, three])
    }

    @Test func `where nobody that was chosen is there, those who subscribed are told`() {
        var desk = book([route(1, [], [one, two])])
        desk.receivers = [two, three]
        desk.subscribers = [three]
        #expect(TellingPlan(telling(), desk, at: now).target == .webhooks([one, two]), "one of two is")
        for gone in [telling(sendTo: [one]), telling(isSecurity: true, sendTo: [one])] {
            let plan = TellingPlan(gone, desk, at: now)
            #expect(plan.target == .webhooks([three]) && plan.chosen == [three])
            #expect(plan.reasons.map(\.kind) == [.unreachable] && !plan.isUsual)
        }
        var step = telling(sendTo: [two])
        step.escalation = [one]
        #expect(TellingPlan(step, desk, at: now).target == .webhooks([three]))
        desk.subscribers = []
        for nobody in [telling(sendTo: [one]), telling(), telling(isSecurity: true)] {
            desk.routes = []
            let lost = TellingPlan(nobody, desk, at: now)
            #expect(lost.target == nil && lost.reasons.map(\.kind) == [.unreachable] && lost.isLost)
            #expect(!lost.isToldNow && lost.verdict(of: 0) == "hidden")
            #expect(lost.held.isEmpty, "nobody can be back")
        }
        (desk.receivers, desk.away, desk.awaySubscribers) = ([], [one, two, three], [two])
        let lost = TellingPlan(telling(sendTo: [one]), desk, at: now)
        #expect(lost.isLost && lost.held.map(\.webhook) == [one, two])
        #expect(lost.held.map(\.isSubscribed) == [false, true] && lost.held.allSatisfy(\.isMuted))
        desk.mutes = [mute([])]
        var lasting = telling(sendTo: [one])
        #expect(TellingPlan(lasting, desk, at: now).held.isEmpty, "a moment that a silence hides")
        lasting.lasts = true
        let hidden = TellingPlan(lasting, desk, at: now)
        #expect(hidden.held.map(\.until) == [now + .hours(1), now + .hours(1)] && !hidden.isLost)
    }

    @Test func `whoever would not get it is as good as not there`() {
        let desk = book([route(1, [], [one, two])])
        func plan(_ telling: Telling, deaf: Set<WebhookID>) -> TellingPlan {
            TellingPlan(telling, desk, at: now) { !deaf.contains($0) }
        }
        #expect(plan(telling(), deaf: [one]).target == .webhooks([one, two]))
        #expect(plan(telling(), deaf: [one, two]).target == .webhooks([three]))
        #expect(plan(telling(isSecurity: true), deaf: [one, two]).target == .subscribersAnd([one, two]))
        for telling in [telling(), telling(isSecurity: true), telling(sendTo: [one])] {
            let lost = plan(telling, deaf: [one, two, three])
            #expect(lost.target == nil && !lost.isToldNow && lost.isLost)
        }
        // The one waits, and the other takes nothing: nobody is told yet.
        var hours = QuietHours(principal: "usr", webhooks: [one])
        hours.spans.add(now..<now + .hours(8))
        var night = desk
        night.quiet = [hours]
        let waits = TellingPlan(telling(), night, at: now) { $0 == one }
        #expect(waits.verdict(of: 0) == "held" && !waits.isToldNow)
    }

    @Test func `what lasts is looked at again when the last that hides it is over`() {
        var (long, firing) = (mute([]), telling())
        long.spans.add(now..<now + .hours(3))
        let desk = book([], [mute([]), long])
        #expect(TellingPlan(firing, desk, at: now).held.isEmpty, "a moment")
        firing.lasts = true
        let plan = TellingPlan(firing, desk, at: now)
        #expect(plan.target == nil && plan.chosen.isEmpty && plan.verdict(of: 0) == "hidden")
        #expect(plan.held.map(\.webhook) == [one, two, three] && plan.held.allSatisfy(\.isMuted))
        #expect(plan.held.allSatisfy { $0.until == now + .hours(3) && $0.isSubscribed })
        #expect(plan.reasons.map(\.kind) == [.silence, .silence])
        var routed = book([route(1, [], [two])], [mute([])])
        routed.subscribers = []
        #expect(TellingPlan(firing, routed, at: now).held.map(\.isSubscribed) == [false])
    }

    @Test func `an alert goes where its rule says, else by all routes that take it, else to subscribers`() {
        let routes = [
            route(1, [], [one]),
            route(2, [matcher("team", "desk"), matcher("event.key_id", "key_1")], [two, one]),
            route(3, [matcher("severity", "critical")], [three]),
        ]
        func target(_ telling: Telling, _ routes: [AlertRoute]) -> Message.Target? {
            TellingPlan(telling, book(routes), at: now).target
        }
        #expect(target(telling(sendTo: [three]), routes) == .webhooks([three]))
        #expect(target(telling(), routes) == .webhooks([one, two]))
        #expect(target(telling(.critical), routes) == .webhooks([one, two, three]))
        #expect(target(telling(), []) == .subscribers)
        #expect(target(telling(isSecurity: true), [routes[0]]) == .subscribersAnd([one]))
        #expect(TellingPlan(telling(sendTo: [three]), book(routes), at: now).routes.count == 2)
    }

    @Test func `a silence hides what it takes at the moment of telling, and no security alert by itself`() {
        let desk = book([], [mute([matcher("team", "desk")])])
        #expect(TellingPlan(telling(), desk, at: now).target == nil)
        #expect(TellingPlan(telling(), desk, at: now).reasons.map(\.kind) == [.silence])
        #expect(TellingPlan(telling(), desk, at: now + .hours(1)).target == .subscribers)
        #expect(TellingPlan(telling(isSecurity: true), desk, at: now).target == .subscribers)
        let approved = book([], [mute([matcher("team", "desk")], hidesSecurity: true)])
        #expect(TellingPlan(telling(isSecurity: true), approved, at: now).target == nil)
        #expect(TellingPlan(telling(), book([], [mute([matcher("team", "other")])]), at: now).target != nil)
        let both = book([], [mute([matcher("team", "desk"), matcher("rule", "other")])])
        #expect(TellingPlan(telling(), both, at: now).target == .subscribers)
    }

    @Test func `quiet hours hold for their webhooks alone, and nothing critical about security`() {
        var hours = QuietHours(principal: "usr", webhooks: [one])
        hours.spans.add(now..<now + .hours(8))
        let desk = book([route(1, [], [one, two])], quiet: [hours])
        let plan = TellingPlan(telling(), desk, at: now)
        #expect(plan.withheld == [one] && plan.isToldNow && plan.verdict(of: 0) == "told")
        #expect(plan.held.first?.until == now + .hours(8))
        let alone = TellingPlan(telling(sendTo: [one]), desk, at: now)
        #expect(alone.verdict(of: 0) == "held" && !alone.isToldNow)
        #expect(TellingPlan(telling(.critical, isSecurity: true), desk, at: now).held.isEmpty)
        #expect(TellingPlan(telling(.critical), desk, at: now).withheld == [one])
        #expect(TellingPlan(telling(.warning, isSecurity: true), desk, at: now).withheld == [one])
        let subscribed = TellingPlan(telling(), book(quiet: [hours]), at: now)
        #expect(subscribed.held.first?.isSubscribed == true && subscribed.target == .subscribers)
        #expect(TellingPlan(telling(sendTo: [two]), desk, at: now).held.isEmpty)
    }

    @Test func `hours that follow each other end together, and after sixteen at the latest`() {
        var hours = QuietHours(principal: "usr", webhooks: [one])
        hours.spans.add(now..<now + .hours(6))
        hours.spans.add(now + .hours(6)..<now + .hours(9))
        #expect(hours.end(.info, isSecurity: false, at: now) == now + .hours(9))
        #expect(hours.end(.info, isSecurity: false, at: now + .hours(9)) == nil)
        hours.spans.add(now + .hours(8)..<now + .hours(30))
        #expect(hours.end(.info, isSecurity: false, at: now) == now + .hours(16))
    }

    @Test func `a flood holds for the routes that told enough`() {
        let routes = [route(1, [], [one]), route(2, [], [two])]
        let flood = Floods.Flood(routes: [routes[0].id])
        let plan = TellingPlan(telling(), book(routes), flood, at: now + .seconds(61))
        #expect(plan.withheld == [one] && plan.held.first?.until == (now + .minutes(1)).minute + .minutes(1))
        #expect(plan.reasons.contains { $0.kind == .flood })
    }

    @Test func `of a rule that told enough what does not fit waits, whoever is told`() {
        var telling = telling()
        telling.quota = Telling.Quota(rule: AlertRuleID(UUID(high: 2, low: 2)), firings: 3)
        let flood = Floods.Flood(ofRule: 2)
        func plan(_ sendTo: [WebhookID], _ routes: [AlertRoute]) -> TellingPlan {
            var sent = self.telling(sendTo: sendTo)
            sent.quota = telling.quota
            var book = book(routes)
            book.subscribers = [two, three]
            return TellingPlan(sent, book, flood, at: now)
        }
        for (plan, waits) in [
            (plan([one], []), [one]), (plan([], []), [two, three]), (plan([], [route(1, [], [one])]), [one]),
        ] {
            #expect([0, 1, 2, 3].map(plan.isTold) == [true, true, false, false])
            #expect(plan.withheld(from: 1).isEmpty && plan.withheld(from: 2) == Set(waits))
            #expect(plan.verdict(of: 1) == "told" && plan.verdict(of: 2) == "held")
            #expect(plan.reasons.contains { $0.kind == .flood && $0.id?.hasPrefix("rule_") == true })
        }
    }

    @Test func `times of the day are read strictly`() {
        #expect(WeeklyWindow.minute("07:30") == 450 && WeeklyWindow.minute("00:00") == 0)
        for text in ["7:30", "24:00", "12:60", "ab:cd", "07:30:00", "", "٠٧:٣٠", "-1:00"] {
            #expect(WeeklyWindow.minute(text) == nil, "\(text)")
        }
        let night = WeeklyWindow(days: [.mon], from: 22 * 60, to: 7 * 60)
        #expect(night.minutes == 540 && WeeklyWindow.clock(450) == "07:30")
        #expect(WeeklyWindow(stored: night.stored) == night)
    }
}
