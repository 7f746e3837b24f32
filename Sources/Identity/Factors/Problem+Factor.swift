import Access
import HTTPServer
import JSON
import Kernel

extension Problem {
    /// One answer for every reason.
    static var factorRefused: Problem {
        Problem(.factorRefused, "The code or passkey does not count: it is wrong, was used, or is too late.")
    }

    static var humanRequired: Problem {
        Problem(.humanRequired, "A person has to do this: service accounts cannot.")
    }
}
