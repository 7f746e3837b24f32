import CCurl
import Kernel

/// libcurl's own reading of an URL, asked beforehand: two parsers that disagree about the host are how a
/// guard is walked around.
enum CurlURL {
    /// True when libcurl finds the same scheme, host and port, and no user, password or zone.
    static func reads(_ text: String, as url: OutgoingURL) -> Bool {
        CurlLibrary.start()
        guard let handle = curl_url() else { return false }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, text, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK,
            [CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_ZONEID].allSatisfy({ part(handle, $0) == nil })
        else { return false }
        return part(handle, CURLUPART_SCHEME) == url.scheme.rawValue
            && part(handle, CURLUPART_PORT) == String(url.port)
            && part(handle, CURLUPART_HOST).flatMap(host) == url.host
    }

    private static func part(_ handle: OpaquePointer, _ part: CURLUPart) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let text else {
            return nil
        }
        defer { curl_free(text) }
        return String(cString: text)
    }

    private static func host(_ text: String) -> OutgoingURL.Host? {
        if text.hasPrefix("[") { return IPAddress(String(text.dropFirst().dropLast())).map { .address($0) } }
        return IPAddress(text).map { .address($0) } ?? .name(text)
    }
}
