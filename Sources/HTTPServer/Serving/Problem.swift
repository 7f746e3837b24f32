package import JSON

/// A stable, documented kind of refusal. The service serves a page about each at `/problems/<code>`.
package struct ProblemCode: Hashable, Sendable {
    package let code: String
    package let status: HTTPStatus
    package let title: String

    package init(_ code: String, _ status: HTTPStatus, _ title: String) {
        (self.code, self.status, self.title) = (code, status, title)
    }
}

/// RFC 9457 `application/problem+json`. What it says is for outsiders; what the log needs goes to the log.
package struct Problem: Error {
    package var code: ProblemCode
    package var detail: String
    package var errors: [FieldError]
    package var members: [(name: String, value: JSONValue)]
    package var headers: [(name: HeaderName, value: String)]

    package init(
        _ code: ProblemCode, _ detail: String, errors: [FieldError] = [],
        members: [(name: String, value: JSONValue)] = [], headers: [(name: HeaderName, value: String)] = []
    ) {
        self.code = code
        self.detail = detail
        self.errors = errors
        self.members = members
        self.headers = headers
    }

    package func response(requestID: String) -> Response {
        var w = JSONWriter()
        w.object { w in
            w.field("type", "/problems/\(code.code)")
            w.field("title", code.title)
            w.field("status", code.status.code)
            w.field("code", code.code)
            w.field("detail", detail)
            w.field("request_id", requestID)
            for member in members { w.field(member.name, member.value) }
            if !errors.isEmpty { w.array("errors", errors) { w, error in error.write(to: &w) } }
        }
        var response = Response(code.status, type: "application/problem+json", body: .bytes(w.bytes))
        for header in headers { response.head.add(header.name, header.value) }
        return response
    }
}

extension Problem {
    /// A header field that does not fit; the mistake points at it.
    package static func malformedHeader(_ name: String, _ what: String) -> Problem {
        Problem(
            .invalidParameter, "\(name) \(what).",
            errors: [FieldError(pointer: "header:\(name)", code: FieldCode.malformed, message: what)])
    }
}
