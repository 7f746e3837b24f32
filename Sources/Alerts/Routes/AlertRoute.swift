import Access
import JSON
import Kernel
import Webhooks

/// Which webhooks are told of which alerts, and who is asked next when nobody acknowledges.
struct AlertRoute: Equatable, Sendable {
    /// What the next ones are told when nobody acknowledged for so long since it fired.
    struct Step: Equatable, Sendable {
        let after: Period
        let webhooks: [WebhookID]
    }

    static let stepsAtMost = 3
    static let atMost = 200

    let id: AlertRouteID
    var name: String
    var matchers: [LabelMatcher]
    var webhooks: [WebhookID]
    var steps: [Step]
    /// New alerts of a minute that are told one by one.
    var digestAbove: Int?
    var updatedAt: Timestamp
    var updatedBy: String
    let createdAt: Timestamp
    var revision: Int64
}

extension AlertRoute: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("name", name)
            w.array("matchers", matchers) { w, matcher in w.value(matcher) }
            w.field("webhook_ids", webhooks.map(\.description))
            w.array("escalation", steps) { w, step in step.write(to: &w) }
            w.field("digest_above", digestAbove)
            w.field("created_at", createdAt.description)
            w.field("updated_at", updatedAt.description)
            w.field("updated_by", updatedBy)
            w.field("revision", revision)
        }
    }
}

extension AlertRoute.Step: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("after", after.description)
            w.field("webhook_ids", webhooks.map(\.description))
        }
    }

    init?(stored json: JSONValue) {
        guard let after = json["after"]?.asString.flatMap({ Period($0) }),
            let ids = json["webhook_ids"]?.asArray
        else { return nil }
        self.init(after: after, webhooks: ids.compactMap { $0.asString.flatMap { WebhookID($0) } })
    }
}

extension AlertRoute {
    /// What a request makes of a route; its id, times and author are not in it.
    struct Content {
        let name: String
        let matchers: [LabelMatcher]
        let webhooks: [WebhookID]
        let steps: [Step]
        let digestAbove: Int?

        init(_ fields: consuming Fields) throws(FieldErrors) {
            var f = fields
            name = f.ruleName()
            matchers = f.labelMatchers()
            webhooks = f.webhookIDs()
            steps =
                f.array(optional: "escalation", count: 0...AlertRoute.stepsAtMost) { f in
                    let after = f.parsed(
                        "after", expected: "a time such as 5m, from 1m to 24h", standIn: .minutes(1)
                    ) {
                        Period($0).flatMap { (Period.minutes(1)...Period.hours(24)).contains($0) ? $0 : nil }
                    }
                    return Step(after: after, webhooks: f.webhookIDs())
                } ?? []
            for (index, pair) in zip(steps, steps.dropFirst()).enumerated() where pair.0.after >= pair.1.after
            {
                f.fail(
                    "escalation", index: index + 1, code: FieldCode.outOfRange,
                    "must be later than the step before it")
            }
            digestAbove = f.digestAbove()
            try f.finish()
        }

        var named: Set<WebhookID> { Set(webhooks + steps.flatMap(\.webhooks)) }
    }
}

extension Fields {
    fileprivate mutating func webhookIDs() -> [WebhookID] {
        let ids = parsedList("webhook_ids", count: 1...20, expected: "the id of a webhook", { WebhookID($0) })
        if Set(ids).count < ids.count {
            fail("webhook_ids", code: "repeated", "must not name a webhook twice")
        }
        return ids
    }
}
