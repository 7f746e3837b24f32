/// The name of a header field, lower-case: a token (RFC 9110 5.1), never empty.
package struct HeaderName: Hashable, Sendable {
    /// Lower-case.
    package let text: String

    /// Lower-cases `name`, which came from outside. Nil when it is not a token.
    package init?(parsing name: String) {
        guard !name.isEmpty, name.utf8.allSatisfy(ByteClass.isToken) else { return nil }
        text = String(decoding: name.utf8.map(ByteClass.lowercased), as: UTF8.self)
    }

    /// `text` is a lower-case token already.
    init(valid text: String) { self.text = text }
}

/// Names written in our own source. One that is not a lower-case token is our bug.
extension HeaderName: ExpressibleByStringLiteral {
    package init(stringLiteral name: String) {
        precondition(
            HeaderName(parsing: name)?.text == name, "a header name in the source is a lower-case token")
        text = name
    }
}

extension HeaderName: CustomStringConvertible {
    package var description: String { text }
}

extension HeaderName {
    package static let accept = HeaderName(valid: "accept")
    package static let acceptEncoding = HeaderName(valid: "accept-encoding")
    package static let allow = HeaderName(valid: "allow")
    package static let authorization = HeaderName(valid: "authorization")
    package static let cacheControl = HeaderName(valid: "cache-control")
    package static let connection = HeaderName(valid: "connection")
    package static let contentDisposition = HeaderName(valid: "content-disposition")
    package static let contentEncoding = HeaderName(valid: "content-encoding")
    package static let contentLength = HeaderName(valid: "content-length")
    package static let contentSecurityPolicy = HeaderName(valid: "content-security-policy")
    package static let contentType = HeaderName(valid: "content-type")
    package static let cookie = HeaderName(valid: "cookie")
    package static let date = HeaderName(valid: "date")
    package static let etag = HeaderName(valid: "etag")
    package static let expect = HeaderName(valid: "expect")
    package static let forwarded = HeaderName(valid: "forwarded")
    package static let host = HeaderName(valid: "host")
    package static let idempotencyKey = HeaderName(valid: "idempotency-key")
    package static let ifMatch = HeaderName(valid: "if-match")
    package static let ifNoneMatch = HeaderName(valid: "if-none-match")
    package static let lastEventID = HeaderName(valid: "last-event-id")
    package static let lastModified = HeaderName(valid: "last-modified")
    package static let link = HeaderName(valid: "link")
    package static let location = HeaderName(valid: "location")
    package static let origin = HeaderName(valid: "origin")
    package static let prefer = HeaderName(valid: "prefer")
    package static let preferenceApplied = HeaderName(valid: "preference-applied")
    package static let rateLimit = HeaderName(valid: "ratelimit")
    package static let rateLimitPolicy = HeaderName(valid: "ratelimit-policy")
    package static let referrerPolicy = HeaderName(valid: "referrer-policy")
    package static let retryAfter = HeaderName(valid: "retry-after")
    package static let server = HeaderName(valid: "server")
    package static let setCookie = HeaderName(valid: "set-cookie")
    package static let strictTransportSecurity = HeaderName(valid: "strict-transport-security")
    package static let traceParent = HeaderName(valid: "traceparent")
    package static let transferEncoding = HeaderName(valid: "transfer-encoding")
    package static let userAgent = HeaderName(valid: "user-agent")
    package static let vary = HeaderName(valid: "vary")
    package static let via = HeaderName(valid: "via")
    package static let wwwAuthenticate = HeaderName(valid: "www-authenticate")
    package static let xContentTypeOptions = HeaderName(valid: "x-content-type-options")
    package static let xForwardedFor = HeaderName(valid: "x-forwarded-for")
    package static let xForwardedHost = HeaderName(valid: "x-forwarded-host")
    package static let xForwardedProto = HeaderName(valid: "x-forwarded-proto")
    package static let xRealIP = HeaderName(valid: "x-real-ip")
    package static let xRequestID = HeaderName(valid: "x-request-id")
}
