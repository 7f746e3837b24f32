/// What any HTTP service refuses with. Meanings and remedies stand in openapi.yaml, which the service serves.
extension ProblemCode {
    package static let badRequest = ProblemCode("bad_request", .badRequest, "Malformed request")
    package static let invalidParameter = ProblemCode(
        "invalid_parameter", .badRequest, "A parameter does not fit")
    package static let malformedJSON = ProblemCode("malformed_json", .badRequest, "Malformed JSON")
    package static let malformedBody = ProblemCode("malformed_body", .badRequest, "Malformed body")
    package static let notFound = ProblemCode("not_found", .notFound, "Not found")
    package static let methodNotAllowed = ProblemCode(
        "method_not_allowed", .methodNotAllowed, "Method not allowed")
    package static let requestTimeout = ProblemCode(
        "request_timeout", .requestTimeout, "The request came too slowly")
    package static let payloadTooLarge = ProblemCode(
        "payload_too_large", .contentTooLarge, "The body is too large")
    package static let uriTooLong = ProblemCode("uri_too_long", .uriTooLong, "The address is too long")
    package static let unsupportedMediaType = ProblemCode(
        "unsupported_media_type", .unsupportedMediaType, "Unsupported media type")
    package static let expectationFailed = ProblemCode(
        "expectation_failed", .expectationFailed, "Unknown expectation")
    package static let validationFailed = ProblemCode(
        "validation_failed", .unprocessableContent, "The body does not fit")
    package static let headersTooLarge = ProblemCode(
        "headers_too_large", .requestHeaderFieldsTooLarge, "The headers are too large")
    package static let internalError = ProblemCode(
        "internal_error", .internalServerError, "Something broke in the service")
    package static let notImplemented = ProblemCode("not_implemented", .notImplemented, "Not implemented")
    package static let overloaded = ProblemCode("overloaded", .serviceUnavailable, "Too busy")
    package static let versionNotSupported = ProblemCode(
        "version_not_supported", .httpVersionNotSupported, "HTTP version not supported")
    package static let timeout = ProblemCode("timeout", .gatewayTimeout, "It took too long")
    package static let preconditionFailed = ProblemCode(
        "precondition_failed", .preconditionFailed, "Somebody was faster")
    package static let preconditionRequired = ProblemCode(
        "precondition_required", .preconditionRequired, "If-Match is needed")
}

extension RequestError {
    /// The kind of refusal that clients are told; which rule was broken is in the sentence.
    package var problemCode: ProblemCode {
        switch status {
        case .uriTooLong: .uriTooLong
        case .requestHeaderFieldsTooLarge: .headersTooLarge
        case .contentTooLarge: .payloadTooLarge
        case .notImplemented: .notImplemented
        case .httpVersionNotSupported: .versionNotSupported
        case .expectationFailed: .expectationFailed
        default: .badRequest
        }
    }
}
