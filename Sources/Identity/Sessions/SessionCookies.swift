package import HTTPServer
import Kernel

/// A session in cookies: one that no script reads, and one that the page reads and says again in a header,
/// which a page of another origin cannot. `__Host-`: only from us, only by TLS or on this machine, for no
/// other host.
package enum SessionCookies {
    static let session = "__Host-keybell_session"
    static let csrf = "__Host-keybell_csrf"
    package static let csrfHeader: HeaderName = "keybell-csrf"

    /// What the request says by its cookie of who calls. Throws where it would change something without a
    /// proof that a page of ours, or a program, sent it.
    package static func credential(of request: Request, at door: FrontDoor) throws(Problem) -> Credential {
        guard let value = value(of: session, request.head.headers) else { return .absent }
        guard let secret = AccessTokenSecret(.session, parsing: value.utf8) else { return .malformed }
        if ![.get, .head, .options].contains(request.head.method) {
            guard door.isOwn(request), request.head.headers.list(csrfHeader) == secret.csrfToken else {
                throw .unauthenticated(
                    "A change by a session needs its CSRF token as Keybell-CSRF, from a page of our own.")
            }
        }
        return .session(secret.hash)
    }

    /// Nil: it is not there. Two are none of ours: empty, which parses as nothing.
    static func value(of name: String, _ headers: HeaderFields) -> String? {
        guard headers.contains(.cookie) else { return nil }
        let pairs = headers.all(.cookie).flatMap { $0.split(separator: ";") }
        let values = pairs.compactMap { pair -> Substring? in
            let pair = pair.drop { $0 == " " || $0 == "\t" }
            guard pair.hasPrefix(name + "=") else { return nil }
            return pair.dropFirst(name.utf8.count + 1)
        }
        guard let first = values.first else { return nil }
        return values.count == 1 ? String(first.prefix { $0 != " " }) : ""
    }

    static func set(_ secret: AccessTokenSecret, for lifetime: Period, in response: Response) -> Response {
        let rest = "Path=/; Max-Age=\(lifetime.microseconds / 1_000_000); Secure; SameSite=Strict"
        return response.header(.setCookie, "\(session)=\(secret.text); \(rest); HttpOnly")
            .header(.setCookie, "\(csrf)=\(secret.csrfToken); \(rest)")
            .header(.cacheControl, "no-store")
    }

    static func clear(in response: Response) -> Response {
        let rest = "Path=/; Max-Age=0; Secure; SameSite=Strict"
        return response.header(.setCookie, "\(session)=; \(rest); HttpOnly")
            .header(.setCookie, "\(csrf)=; \(rest)")
    }
}
