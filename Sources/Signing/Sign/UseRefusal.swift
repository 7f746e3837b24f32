import Access
import Exchanges
import HTTPServer
import JSON
import Kernel

extension Problem {
    /// What a caller learns of a denial: every clause's verdict, or, without `policies:read`, only which ones
    /// denied.
    static func denied(_ denied: DeniedUse, to context: Context) -> Problem {
        let seesAll = context.may(.policiesRead)
        let clauses = seesAll ? denied.judgement.clauses : denied.judgement.clauses.filter(\.denies)
        let listed = clauses.map { clause -> JSONValue in
            seesAll ? clause.json : ["clause": .string(clause.clause.description), "verdict": "denied"]
        }
        let reason = denied.judgement.denial?.reason ?? "the policy does not allow it"
        return Problem(
            .policyDenied, seesAll ? reason : "The key's policy does not allow this.",
            members: [
                ("operation", .string(denied.judgement.operation.rawValue)),
                ("usage_id", .string(denied.usage.description)), ("clauses", .array(listed)),
            ])
    }
}

extension ClauseVerdict {
    var json: JSONValue {
        var w = JSONWriter()
        write(to: &w)
        return (try? JSONValue.parse(w.bytes)) ?? .null
    }
}
