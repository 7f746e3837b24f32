package import Exchanges
package import HTTPServer
import JSON

/// A refusal in the words of the exchange whose client asked.
package enum ProxyDialect {
    /// What a stock client should understand by it.
    static func meaning(of problem: Problem) -> ExchangeDialect.Meaning {
        switch problem.code.code {
        case "policy_denied":
            problem.isPassing ? .unavailable : problem.isOverLimit ? .overLimit : .denied
        case "forbidden", "key_tampered": .denied
        case "unauthenticated", "signature_invalid": .unauthenticated
        case "rate_limited": .throttled
        case "exchange_rate_limited": problem.isBan ? .banned : .throttled
        case "outcome_unknown": .outcomeUnknown
        default: problem.code.status.code >= 500 ? .unavailable : .invalidRequest
        }
    }

    /// The same refusal, with the problem's page linked.
    package static func response(to problem: Problem, as exchange: ExchangeName) -> Response {
        let sentence = "Keybell: \(problem.detail)"
        let (wording, body) = ExchangeDialect(of: exchange).refusal(meaning(of: problem), sentence)
        var response = Response(
            HTTPStatus(code: wording.status) ?? problem.code.status,
            type: wording.isJSON ? "application/json" : "text/plain; charset=utf-8", body: .bytes(body))
        for header in problem.headers { response.head.add(header.name, header.value) }
        response.head.add(.link, "</problems/\(problem.code.code)>; rel=\"describedby\"")
        return response.header("keybell-problem", problem.code.code)
    }
}

extension Problem {
    fileprivate var isBan: Bool { isTrue("banned") }

    /// What it was denied for may be known a moment later.
    fileprivate var isPassing: Bool { isTrue("passing") }

    private func isTrue(_ name: String) -> Bool {
        members.contains { $0.name == name && $0.value == .bool(true) }
    }

    /// An order that is allowed in kind, and too much of it.
    fileprivate var isOverLimit: Bool {
        let clauses = members.first { $0.name == "clauses" }?.value.asArray ?? []
        let denied = clauses.first { clause in
            clause["verdict"] == "denied" && clause["log_only"] != .bool(true)
        }
        guard let name = denied?["clause"]?.asString else { return false }
        return name.hasPrefix("limits.") || name.hasPrefix("orders.max_")
    }
}
