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

extension ProblemCode {
    package static let badRequest = ProblemCode("bad_request", .badRequest, "The request could not be read")
    package static let malformedJSON = ProblemCode("malformed_json", .badRequest, "The body is not valid JSON")
    package static let notFound = ProblemCode("not_found", .notFound, "There is nothing here that you may see")
    package static let methodNotAllowed = ProblemCode(
        "method_not_allowed", .methodNotAllowed, "This resource has no such method")
    package static let requestTimeout = ProblemCode("request_timeout", .requestTimeout, "The request took too long")
    package static let payloadTooLarge = ProblemCode(
        "payload_too_large", .contentTooLarge, "The body is larger than this endpoint takes")
    package static let unsupportedMediaType = ProblemCode(
        "unsupported_media_type", .unsupportedMediaType, "The body has a type or coding that is not taken here")
    package static let validationFailed = ProblemCode(
        "validation_failed", .unprocessableContent, "Some fields are wrong")
    package static let internalError = ProblemCode("internal_error", .internalServerError, "Something broke here")
}
