package import Access
import JSON
package import Kernel
package import Events

/// A versioned rule: which events make an alert, and who is told.
package struct AlertRule: Sendable {
    package enum Status: String, CaseIterable, Sendable {
        case enabled
        case disabled
        /// Its owner is disabled.
        case suspended
        /// Enabled, but its condition could not be evaluated on some event.
        case error
        /// Enabled, but nothing came for so long that it may be blind.
        case noData = "no_data"
        /// Its time is over.
        case expired
    }

    package let id: AlertRuleID
    /// Whose eyes it sees with; nil: the installation's own, of a pack, which sees everything.
    package let owner: PrincipalID?
    package var status: Status
    package var statusReason: String?
    /// Raised when what the rule says changes.
    package var version: Int
    /// Raised by every change.
    package var revision: Int64
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    package var content: RuleContent
    package var tests: [RuleTestCase]
    /// While its alerts are kept.
    package var lastFiredAt: Timestamp?
    /// The pack that it is of.
    package var origin: RuleOrigin?
    /// Where its events begin; known to those who evaluate it.
    package var begun = EventPosition.beginning

    /// As events tell it.
    var ownerValue: JSONValue { owner.map { .string($0.description) } ?? .null }

    /// Whether it runs.
    package var isOn: Bool { status.isOn }

    /// Whether it watches for something else than before, or watches again.
    func begins(after before: AlertRule) -> Bool {
        isOn && (!before.isOn || !content.watches(asDoes: before.content))
    }
}

extension AlertRule.Status {
    /// Whether a rule of it runs.
    var isOn: Bool { self == .enabled || self == .error || self == .noData }
}

/// A version of a rule, as it was.
package struct RuleVersion: Sendable {
    package let version: Int
    package let madeAt: Timestamp
    package let madeBy: String
    package let content: RuleContent
}

extension AlertRule {
    /// - Parameter sight: of its owner.
    func write(to w: inout JSONWriter, _ sight: RuleSight?) {
        w.object { w in
            w.field("id", id.description)
            w.field("name", content.name)
            w.field("status", status.rawValue)
            w.field("status_reason", statusReason)
            content.writeFields(to: &w)
            w.field("owner_id", owner?.description)
            w.field("sees", sight?.name)
            w.field("unseen_types", sight?.unseen ?? [])
            w.field("origin", origin?.object)
            w.field("tests", RuleTestResults(tests, of: content))
            w.field("last_fired_at", lastFiredAt?.description)
            w.field("created_at", createdAt.description)
            w.field("updated_at", updatedAt.description)
            w.field("version", version)
            w.field("revision", revision)
        }
    }
}

extension RuleVersion {
    /// - Parameter diff: from the version before; nil for the first.
    func write(to w: inout JSONWriter, _ diff: RuleDiff?) {
        w.object { w in
            w.field("version", version)
            w.field("made_at", madeAt.description)
            w.field("made_by", madeBy)
            w.field("changes", diff?.changes ?? [])
            w.field("name", content.name)
            content.writeFields(to: &w)
        }
    }
}

extension RuleContent {
    /// All but the name.
    func writeFields(to w: inout JSONWriter) {
        w.field("severity", severity.rawValue)
        w.field("on", on.map(\.text))
        w.field("when", when?.source)
        w.field("group_by", groupBy.map(\.description))
        w.field("cooldown", cooldown?.text)
        w.field("digest_above", digestAbove)
        w.field("labels", labels)
        w.field("send_to", sendTo.map(\.description))
        w.field("security", isSecurity)
        w.field("retroactive", isRetroactive)
        w.field("for", course.hold?.text)
        w.field("window", course.window?.object)
        w.field("sequence", course.sequence?.object)
        w.field("recover_when", course.recoverWhen?.source)
        w.field("no_data_after", course.noDataAfter?.text)
        w.field("expires_at", course.expiresAt?.description)
        actions.writeFields(to: &w)
        w.field("advice", advice)
    }
}
