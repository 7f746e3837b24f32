package import Kernel

/// Where a request goes: parsed once, strictly, and in agreement with libcurl, which will parse it again.
/// What two readers could understand differently is refused, not repaired.
package struct OutgoingURL: Hashable, Sendable {
    package enum Scheme: String, Sendable { case http, https }

    package enum Host: Hashable, Sendable {
        case address(IPAddress)
        /// Lower case ASCII, without a trailing dot.
        case name(String)
    }

    /// RFC 9110 (4.1) asks for at least 8,000; a receiver's URL that long is a mistake or an attack.
    package static let maximumBytes = 2_048

    package let scheme: Scheme
    package let host: Host
    package let port: UInt16
    /// Path and query exactly as written, at least `/`.
    package let target: String

    /// Reads an absolute URL and applies what of the allowance can be seen in it.
    package init(
        _ text: String, allowance: Allowance, bytesAtMost: Int = maximumBytes
    ) throws(URLRefusal) {
        let parts = try URLParts(text, bytesAtMost: bytesAtMost)
        (scheme, host, port, target) = (parts.scheme, parts.host, parts.port, parts.target)
        guard CurlURL.reads(self.text, as: self) else { throw .hostInvalid }
        try checkVisible(allowance)
    }

    /// Another target at this place: scheme, host and port were agreed upon with libcurl, so that it alone is
    /// read.
    package init(
        _ target: Substring, at place: OutgoingURL, bytesAtMost: Int = maximumBytes
    ) throws(URLRefusal) {
        guard target.utf8.count <= bytesAtMost else { throw .tooLong }
        try URLParts.checkCharacters(target)
        if target.utf8.contains(UInt8(ascii: "#")) { throw .hasFragment }
        (scheme, host, port) = (place.scheme, place.host, place.port)
        self.target = try URLParts.target(target)
    }

    package var isPlain: Bool { scheme == .http }

    /// The host as an URL writes it: an IPv6 address in brackets.
    package var hostText: String {
        switch host {
        case .name(let name): name
        case .address(let address): address.family == .v4 ? "\(address)" : "[\(address)]"
        }
    }

    /// Host and port.
    package var place: String { "\(hostText):\(port)" }

    /// The whole URL in one canonical form.
    package var text: String {
        let isDefault = port == (scheme == .https ? 443 : 80)
        return "\(scheme.rawValue)://\(hostText)\(isDefault ? "" : ":\(port)")\(target)"
    }

    /// What needs no name service: so that a wrong URL is refused when it is registered, not when it is used.
    private func checkVisible(_ allowance: Allowance) throws(URLRefusal) {
        if isPlain, !allowance.plainHTTP { throw .notHTTPS }
        if allowance.ownPlaces.contains(place) { throw .hostRefused }
        if !allowance.anyPort, !allowance.ports.contains(port) { throw .portRefused }
        let addressGuard = AddressGuard(ownAddresses: allowance.ownAddresses)
        switch host {
        case .address(let address):
            switch addressGuard.refusal(of: address, port: port, isPlain: isPlain, allowance: allowance) {
            case nil: break
            case .plainHTTP: throw .notHTTPS
            case .port: throw .portRefused
            default: throw .hostRefused
            }
        case .name(let name):
            // RFC 6761 (6.3): these names are loopback everywhere.
            let isLocal = name == "localhost" || name.hasSuffix(".localhost")
            let isRefused = !allowance.privateAddresses || addressGuard.listensOnLoopback(port: port)
            if isLocal, isRefused { throw .hostRefused }
        }
    }
}

extension OutgoingURL: CustomStringConvertible {
    package var description: String { text }
}
