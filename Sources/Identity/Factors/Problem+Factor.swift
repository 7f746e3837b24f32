import Access
import HTTPServer
import JSON
import Kernel

extension Problem {
    /// One answer for every reason.
    static var factorRefused: Problem {
        Problem(.factorRefused, "The code or passkey does not count: it is wrong, was used, or is too late.")
    }

    static func factorBlocked(until: Timestamp, at now: Timestamp) -> Problem {
        let seconds = max(1, ((until - now).microseconds + 999_999) / 1_000_000)
        return Problem(
            .rateLimited, "Too many codes were wrong. Try again later.",
            headers: [(.retryAfter, String(seconds))])
    }

    static var humanRequired: Problem {
        Problem(.humanRequired, "A person has to do this: service accounts cannot.")
    }
}
