package import HTTPServer
import JSON

/// The form of every answer under `/v2`: `{success, message, length, data}`.
package enum Envelope {
    private static let advice = "Not investment advice."

    static func response<Item>(
        _ items: [Item], note: String? = nil, _ write: (inout JSONWriter, Item) -> Void
    ) -> Response {
        let count = items.count == 1 ? "1 row." : "\(items.count) rows."
        return .object { w in
            w.field("success", true)
            w.field("message", [count, note, advice].compactMap(\.self).joined(separator: " "))
            w.field("length", items.count)
            w.array("data", items, write)
        }
    }

    /// A refusal in the same form, with what a problem says beside it.
    package static func response(to problem: Problem, requestID: String) -> Response {
        let mistakes = problem.errors.map { mistake in
            // What suggests something ends with a question.
            "\(mistake.pointer) \(mistake.message)" + (mistake.message.hasSuffix("?") ? "" : ".")
        }
        let sentences = [problem.detail] + mistakes
        var response = Response.object(problem.code.status) { w in
            w.field("success", false)
            w.field("message", sentences.filter { !$0.isEmpty }.joined(separator: " "))
            w.field("length", 0)
            w.array("data") { _ in }
            w.field("code", problem.code.code)
            w.field("request_id", requestID)
            for member in problem.members { w.field(member.name, member.value) }
            if !problem.errors.isEmpty {
                w.array("errors", problem.errors) { w, error in error.write(to: &w) }
            }
        }
        for header in problem.headers { response.head.add(header.name, header.value) }
        response.head.add(.link, "</problems/\(problem.code.code)>; rel=\"describedby\"")
        return response
    }
}
