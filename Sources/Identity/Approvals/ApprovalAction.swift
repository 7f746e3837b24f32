package import Access
import HTTPServer

/// What a rule may ask approvals for: an operation by its id in openapi.yaml, or what a request to an
/// exchange does there.
package struct ApprovalAction: Hashable, Sendable {
    package let rawValue: String

    package init(_ rawValue: String) { self.rawValue = rawValue }

    static let updateRule = ApprovalAction("updateApprovalRule")
    static let deleteRule = ApprovalAction("deleteApprovalRule")
    static let updateKey = ApprovalAction("updateKey")

    /// At an exchange: proxied requests that are of this operation. Without a rule for it, it is always
    /// refused.
    package static let atExchange = [ApprovalAction("withdraw"), ApprovalAction("transfer")]

    /// All that rules may name.
    package static func all(of operations: [Operation]) -> Set<ApprovalAction> {
        Set(operations.filter(\.canWait).map { ApprovalAction($0.id) } + atExchange)
    }
}

extension Endpoint<Requirement, Context> {
    /// Whether a rule may have it wait for approvals: it does something, which more than reading is asked
    /// for; its body is kept as one; and it is not the deciding itself. Uses of keys settle themselves, and
    /// are looked at where they are understood.
    package var canWait: Bool {
        guard acts, method != .get, !settlesItself, !path.hasSuffix("*}") else { return false }
        let isStreamed = method == .post && bodyLimit == 0 && repeats == .nothing
        switch requires {
        case .none, .self, .permissionUnlessLocal: return false
        case .permission(.approvalsDecide), .scoped(.approvalsDecide): return false
        case .permission(let permission), .scoped(let permission):
            return !permission.onlyReads && !isStreamed
        }
    }
}
