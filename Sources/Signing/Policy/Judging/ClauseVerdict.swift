package import JSON

/// The published policy that a clause stands in.
package struct PolicyReference: Sendable, Hashable {
    package let owner: PolicyOwner
    package let version: Int

    package init(_ owner: PolicyOwner, version: Int) { (self.owner, self.version) = (owner, version) }
}

/// What one clause says of a request.
package struct ClauseVerdict: Sendable, Equatable {
    package enum Verdict: String, CaseIterable, Sendable {
        case allowed, denied
        case notApplicable = "not_applicable"
    }

    package let clause: ClauseName
    package let verdict: Verdict
    /// A sentence with the values, where it is denied; or why a clause says nothing of a request that it is
    /// about.
    package let reason: String?
    /// Reported, and not obeyed.
    package let logOnly: Bool
    /// Nil for what holds whatever policies say.
    package let policy: PolicyReference?
    /// Of a batch: the number, from 1, of the order that it is about.
    package let order: Int?
    /// It is denied because something could not be learnt just now: a clock, a list, a price.
    package let isPassing: Bool

    package init(
        _ clause: ClauseName, _ verdict: Verdict, reason: String? = nil, logOnly: Bool = false,
        policy: PolicyReference? = nil, order: Int? = nil, isPassing: Bool = false
    ) {
        (self.clause, self.verdict, self.reason) = (clause, verdict, reason)
        (self.logOnly, self.policy, self.order) = (logOnly, policy, order)
        self.isPassing = isPassing
    }

    package var denies: Bool { verdict == .denied && !logOnly }

    /// For callers who may not read policies: what is said of them stays out. What holds anyway is told.
    package var redacted: ClauseVerdict {
        guard policy != nil else { return self }
        return ClauseVerdict(clause, verdict, logOnly: logOnly, order: order)
    }
}

extension ClauseVerdict: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("clause", clause.description)
            w.field("verdict", verdict.rawValue)
            w.field("reason", reason)
            w.field("log_only", logOnly)
            w.field("policy", policy?.owner.rawValue)
            w.field("policy_version", policy?.version)
            w.field("order", order)
        }
    }
}
