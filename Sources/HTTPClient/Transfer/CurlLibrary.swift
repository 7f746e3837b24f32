import CCurl
import Glibc

/// libcurl's process-wide state, made once.
enum CurlLibrary {
    private static let isStarted: Bool = {
        // libcurl with NOSIGNAL leaves SIGPIPE to us, and TLS writes cannot say MSG_NOSIGNAL.
        signal(SIGPIPE, SIG_IGN)
        return curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK
    }()

    static func start() { precondition(isStarted, "libcurl does not start") }
}
