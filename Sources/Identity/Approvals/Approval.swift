package import Access
import JSON
package import Kernel

/// A request that waits for approvals, or waited.
package struct Approval: Equatable, Sendable {
    package enum State: String, CaseIterable, Sendable {
        case pending, approved, running, executed, failed, unknown, rejected, cancelled, expired

        /// Nothing is decided any more.
        package var isOver: Bool { ![.pending, .approved, .running].contains(self) }
    }

    package let id: ApprovalID
    package let action: ApprovalAction
    /// By which operation it is carried out.
    package let operation: String
    package var state: State
    package let requester: PrincipalID
    /// The people behind it, none of whom decides.
    package let humans: [UserID]
    package let accessToken: AccessTokenID?
    /// That it was asked in.
    package let session: SessionID?
    package let address: IPAddress?
    package let reason: String?
    package let needs: [Need]
    package let method: String
    package let path: String
    package let subject: ApprovalSubject
    package let digest: [UInt8]
    /// Its answer is shown once: its requester fetches it, which runs it.
    package let isFetched: Bool
    package let requestedAt: Timestamp
    package let expiresAt: Timestamp
    package let delay: Period
    package let validFor: Period?
    package var approvedAt: Timestamp?
    package var dueAt: Timestamp?
    package var lapsesAt: Timestamp?
    package var finishedAt: Timestamp?
    package var endedBy: String?
    package var endReason: String?
    /// Of the answer, once it was carried out.
    package var status: Int?

    /// What one rule asks of it.
    package struct Need: Equatable, Sendable {
        package let rule: ApprovalRuleID
        package let revision: Int64
        package let name: String
        package let role: String
        package let approvals: Int
        package let reason: ReasonDemand
        /// Who held the role when it was requested.
        package let candidates: [UserID]
    }

    package struct Vote: Equatable, Sendable {
        package enum Verdict: String, Sendable { case approve, reject }

        package let approver: UserID
        package let verdict: Verdict
        package let reason: String
        /// Of one's own request, in solo mode.
        package let isSolo: Bool
        package let at: Timestamp
    }
}

/// What a request is about, as far as approvals ask: compared again before it runs.
package struct ApprovalSubject: Equatable, Sendable {
    /// Its id, where it is one thing.
    package var id: String?
    package var key: ExchangeKeyID?
    package var isKeyReadable: Bool?
    package var keyPolicy: Int?
    /// What scopes are matched against; nil for what has no place, or many.
    package var target: Target?

    package init(
        id: String? = nil, key: ExchangeKeyID? = nil, isKeyReadable: Bool? = nil, keyPolicy: Int? = nil,
        target: Target? = nil
    ) {
        (self.id, self.key, self.isKeyReadable) = (id, key, isKeyReadable)
        (self.keyPolicy, self.target) = (keyPolicy, target)
    }

    /// Of an account, where it is one.
    var account: AccountID? { id.flatMap { AccountID($0) } }

    /// What became another since then, as a sentence; nil: nothing that counts.
    func difference(to now: ApprovalSubject) -> String? {
        if isKeyReadable != now.isKeyReadable {
            return "The key's class is another than when it was asked for."
        }
        if keyPolicy != now.keyPolicy { return "The key's policy is another than when it was asked for." }
        return nil
    }
}

// MARK: Rules

extension Approval {
    /// As it stands at that moment, whether or not a job has written it down.
    package func state(at now: Timestamp) -> State {
        switch state {
        case .pending where expiresAt <= now: .expired
        case .approved where lapsesAt.map { $0 <= now } ?? false: .expired
        default: state
        }
    }

    /// Why a rule in force now was not satisfied by these approvals; nil: all were.
    func gap(to rules: [ApprovalRule]) -> String? {
        let known = Dictionary(uniqueKeysWithValues: needs.map { ($0.rule, $0.revision) })
        for rule in rules where known[rule.id] != rule.revision {
            return "The rule \"\(rule.content.name)\" is another, or new, since it was asked for."
        }
        return nil
    }

    /// What is wrong with the reason of whoever decides.
    func mistakes(in reason: String) -> [String] {
        ReasonDemand.mistakes(in: reason, of: needs.map(\.reason))
    }

    func approvals(for need: Need, among votes: [Vote]) -> Int {
        votes.count { $0.verdict == .approve && need.candidates.contains($0.approver) }
    }
}

// MARK: Needs as JSON

extension Approval.Need {
    init(_ rule: ApprovalRule, candidates: [UserID]) {
        let content = rule.content
        self.init(
            rule: rule.id, revision: rule.revision, name: content.name, role: content.role,
            approvals: content.approvals, reason: content.reason, candidates: candidates)
    }

    /// As it is stored; functions of the database read it, too.
    var stored: JSONValue {
        [
            "rule": .string(rule.uuid.description), "revision": .number(JSONNumber(revision)),
            "name": .string(name), "role": .string(role), "approvals": .number(JSONNumber(Int64(approvals))),
            "pattern": JSONValue(reason.pattern), "least": .number(JSONNumber(Int64(reason.least))),
            "candidates": .array(candidates.map { .string($0.uuid.description) }),
        ]
    }

    init?(stored value: JSONValue) {
        guard let rule = value["rule"]?.asString.flatMap({ UUID($0) }),
            let revision = value["revision"]?.asInt, let name = value["name"]?.asString,
            let role = value["role"]?.asString, let approvals = value["approvals"]?.asInt,
            let least = value["least"]?.asInt, let candidates = value["candidates"]?.asArray
        else { return nil }
        self.init(
            rule: ApprovalRuleID(rule), revision: revision, name: name, role: role,
            approvals: Int(approvals),
            reason: ReasonDemand(pattern: value["pattern"]?.asString, least: Int(least)),
            candidates: candidates.compactMap { $0.asString.flatMap { UUID($0) }.map { UserID($0) } })
    }
}
