import Access
import Exchanges
import HTTPServer
import JSON
import Kernel

extension Problem {
    static func denied(_ denied: DeniedUse, to context: Context) -> Problem {
        let seesAll = context.may(.policiesRead)
        let reason = denied.judgement.denial?.reason ?? "the policy does not allow it"
        return Problem(
            .policyDenied, seesAll ? reason : "The key's policy does not allow this.",
            members: [
                ("operation", .string(denied.judgement.operation.rawValue)),
                ("usage_id", .string(denied.usage.description)),
                ("clauses", .array(denied.judgement.clauses(for: context))),
                ("prices", .array(denied.judgement.prices(for: context).map(\.json))),
            ])
    }
}

extension PolicyJudgement {
    /// What a caller learns: every clause's verdict, or, without `policies:read`, only which ones denied.
    func clauses(for context: Context) -> [JSONValue] {
        guard !context.may(.policiesRead) else { return clauses.map(\.json) }
        return clauses.filter(\.denies).map { clause in
            [
                "clause": .string(clause.clause.description), "verdict": .string(clause.verdict.rawValue),
            ]
        }
    }
}

extension PolicyJudgement {
    /// Which prices clauses were told; without `policies:read` none: they would tell what clauses there are.
    func prices(for context: Context) -> [UsedPrice] { context.may(.policiesRead) ? prices : [] }
}

extension JSONWritable {
    fileprivate var json: JSONValue {
        var w = JSONWriter()
        write(to: &w)
        return (try? JSONValue.parse(w.bytes)) ?? .null
    }
}
