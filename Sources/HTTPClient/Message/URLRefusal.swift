/// Why a URL is not accepted. The raw value is the code that the API answers.
package enum URLRefusal: String, Error, Sendable, CaseIterable {
    case tooLong = "url_too_long"
    case badCharacter = "url_bad_character"
    case notHTTPS = "url_not_https"
    case hasCredentials = "url_has_credentials"
    case hasFragment = "url_has_fragment"
    case hostMissing = "url_host_missing"
    case hostInvalid = "url_host_invalid"
    case hostAmbiguous = "url_host_ambiguous"
    case hostHasZone = "url_host_has_zone"
    case hostRefused = "url_host_refused"
    case portInvalid = "url_port_invalid"
    case portRefused = "url_port_refused"
    case pathInvalid = "url_path_invalid"

    /// What is wrong, for whoever wrote the URL.
    package var sentence: String {
        switch self {
        case .tooLong: "The URL is longer than \(OutgoingURL.maximumBytes) bytes."
        case .badCharacter:
            "The URL holds a space, a control character, a backslash, or a character outside ASCII; "
                + "write international host names as xn--…, and everything else percent-encoded."
        case .notHTTPS: "The URL must begin with https://."
        case .hasCredentials: "The URL must not carry a user or a password."
        case .hasFragment: "The URL must not have a fragment (#…)."
        case .hostMissing: "The URL names no host."
        case .hostInvalid: "The URL's host is neither a host name nor an address."
        case .hostAmbiguous: "Write an IPv4 address as four decimal numbers without leading zeros."
        case .hostHasZone: "The URL's IPv6 address must not have a zone (%…)."
        case .hostRefused: "The URL's host is not allowed as a receiver."
        case .portInvalid: "The URL's port is not a number from 1 to 65535."
        case .portRefused: "The URL's port is not allowed; use 443, 8443 or 80."
        case .pathInvalid: "The URL's path or query has a % that is not followed by two hexadecimal digits."
        }
    }
}
