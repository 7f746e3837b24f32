package import Access
package import JSON
package import Kernel

/// Which actions, on what, need how many approvals of whom.
package struct ApprovalRule: Equatable, Sendable {
    package let id: ApprovalRuleID
    package var content: Content
    package let createdAt: Timestamp
    package let createdBy: String
    package var updatedAt: Timestamp
    package var updatedBy: String
    package var revision: Int64

    package struct Content: Equatable, Sendable {
        package var name: String
        package var actions: [ApprovalAction]
        package var scope: Scope
        package var approvals: Int
        /// Whoever approves holds it on everything, and held it when the request was made.
        package var role: String
        package var reason: ReasonDemand
        /// How long a request waits for its approvals.
        package var pendingFor: Period
        /// From the last approval to when it may run.
        package var delay: Period
        /// How long it may run, once it may; nil: for good.
        package var validFor: Period?
    }
}

extension ApprovalRule {
    /// What cannot be told to be elsewhere is caught: an action on many things by every rule that names it.
    /// A rule guards itself: else one person could lift what needs several.
    package func catches(_ action: ApprovalAction, on subject: ApprovalSubject) -> Bool {
        if action.changesRules, subject.id == id.description { return true }
        guard content.actions.contains(action) else { return false }
        return subject.target.map(mayConcern) ?? true
    }

    /// What is done to an account is done to its keys, of which some may be in the scope.
    private func mayConcern(_ target: Target) -> Bool {
        guard case .account(let id) = target.resource else { return content.scope.matches(target) }
        let place = Scope.Place(
            exchange: target.exchange, environment: target.environment, account: target.account)
        return content.scope.overlaps(.account(id, place), nil)
    }
}

extension ApprovalAction {
    var changesRules: Bool { self == .updateRule || self == .deleteRule }
}

extension ApprovalRule.Content {
    private static let usual: Period = .hours(24)

    /// - Parameter known: all that rules may name.
    init(_ fields: consuming Fields, known: Set<ApprovalAction>) throws(FieldErrors) {
        var f = fields
        name = f.name()
        let expected = "the operationId of what can wait for approvals, withdraw, or transfer"
        actions = f.parsedList("actions", count: 1...100, expected: expected) { text in
            known.contains(ApprovalAction(text)) ? ApprovalAction(text) : nil
        }
        if Set(actions).count < actions.count {
            f.fail("actions", code: "not_unique", "must not name an action twice")
        }
        scope = Scope.read("on", in: &f)
        approvals = f.int("approvals", 1...10)
        role = f.parsed("role", expected: "the name of a role", standIn: "") { Role.isName($0) ? $0 : nil }
        reason = f.object(optional: "reason") { ReasonDemand(&$0) } ?? ReasonDemand()
        pendingFor = f.period("expires_after", from: .minutes(1)) ?? Self.usual
        delay = f.period("delay", from: .seconds(0)) ?? .seconds(0)
        validFor = f.period("valid_for", from: .minutes(1))
        try f.finish()
    }
}

extension Fields {
    /// Not longer than 90 days: what is longer is a slip of the unit.
    mutating func period(_ name: String, from least: Period) -> Period? {
        let most = Period.days(90)
        return parsed(
            optional: name, expected: "a time such as 90s, 15m, 24h or 7d, from \(least) to \(most)"
        ) { text in
            Period(text).flatMap { (least...most).contains($0) ? $0 : nil }
        }
    }
}

extension ApprovalRule: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("name", content.name)
            w.field("actions", content.actions.map(\.rawValue))
            w.field("on", content.scope.json)
            w.field("approvals", content.approvals)
            w.field("role", content.role)
            w.field("reason", content.reason)
            w.field("expires_after", content.pendingFor.description)
            w.field("delay", content.delay.description)
            w.field("valid_for", content.validFor?.description)
            w.field("created_at", createdAt.description)
            w.field("created_by", createdBy)
            w.field("updated_at", updatedAt.description)
            w.field("updated_by", updatedBy)
            w.field("revision", revision)
        }
    }
}
