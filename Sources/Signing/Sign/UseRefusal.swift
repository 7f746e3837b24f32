import Access
import Exchanges
import HTTPServer
import JSON
import Kernel

extension Problem {
    static func denied(_ denied: DeniedUse, to context: Context) -> Problem {
        let seesPolicies = context.may(.policiesRead, on: denied.target)
        return Problem(
            .policyDenied, denied.judgement.sentence(whole: seesPolicies),
            members: [
                ("operation", .string(denied.judgement.operation.rawValue)),
                ("usage_id", .string(denied.usage.description)),
                ("passing", .bool(denied.judgement.isPassing)),
                ("clauses", .array(denied.judgement.clauses(whole: seesPolicies))),
                ("prices", .array(denied.judgement.prices(whole: seesPolicies).map(\.json))),
            ], headers: [("keybell-usage-id", denied.usage.description)])
    }
}

extension PolicyJudgement {
    /// What a caller learns: every clause's verdict, or, without `policies:read` on the key, only which ones
    /// denied, with the reason where it is none of a policy.
    func clauses(whole: Bool) -> [JSONValue] {
        if whole { return clauses.map(\.json) }
        return clauses.filter(\.denies).map { clause in
            var told = JSONObject()
            _ = told.append("clause", .string(clause.clause.description))
            _ = told.append("verdict", .string(clause.verdict.rawValue))
            if clause.policy == nil, let reason = clause.reason { _ = told.append("reason", .string(reason)) }
            return .object(told)
        }
    }

    /// Why it is denied, in a sentence. Of a policy's clause whoever may not read policies learns its name.
    fileprivate func sentence(whole: Bool) -> String {
        guard let denial else { return "A policy does not allow this." }
        guard denial.policy != nil, !whole else {
            return denial.reason ?? "A policy does not allow this."
        }
        let whose = denial.policy?.owner == .key ? "The key's policy" : "A policy above the key's"
        return "\(whose) does not allow this, by its clause \(denial.clause)."
    }
}

extension PolicyJudgement {
    /// Which prices clauses were told; without `policies:read` none: they would tell what clauses there are.
    func prices(whole: Bool) -> [UsedPrice] { whole ? prices : [] }
}

extension JSONWritable {
    fileprivate var json: JSONValue {
        var w = JSONWriter()
        write(to: &w)
        return (try? JSONValue.parse(w.bytes)) ?? .null
    }
}
