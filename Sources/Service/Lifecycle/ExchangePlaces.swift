import HTTPClient
import HTTPServer

/// The addresses of exchanges, each read once: of a request's URL only the target is its own. There are as
/// many as adapters and settings name.
final class ExchangePlaces {
    struct Place {
        let url: OutgoingURL
        let allowance: Allowance
    }

    private static let publicOnly = Allowance(ports: [443])
    /// What a server takes of a request's target, and what a signature adds.
    private static let urlBytesAtMost = HTTPLimits().targetBytes + 2_048

    private let settings: Settings
    /// Of addresses that are not the exchanges' own.
    private let mirrors: [String: Allowance]
    private var known: [Substring: Place] = [:]

    init(_ settings: Settings, mirrors: [String: Allowance] = [:]) {
        (self.settings, self.mirrors) = (settings, mirrors)
    }

    /// Nil when its address is none that may be asked.
    func place(of url: String) -> Place? {
        guard let end = Self.authorityEnd(url) else { return nil }
        let base = url[..<end]
        guard let place = known[base] ?? read(base),
            let found = try? OutgoingURL(url[end...], at: place.url, bytesAtMost: Self.urlBytesAtMost)
        else { return nil }
        return Place(url: found, allowance: place.allowance)
    }

    private func read(_ base: Substring) -> Place? {
        let text = base + "/"
        let usual = settings.isStandIn(String(text)) ? Allowance.privateReceivers : Self.publicOnly
        let allowance = mirrors[String(base)] ?? usual
        guard let url = try? OutgoingURL(String(text), allowance: allowance) else { return nil }
        let place = Place(url: url, allowance: allowance)
        known[Substring(String(base))] = place
        return place
    }

    /// The third slash: an adapter writes `https://authority/target`.
    private static func authorityEnd(_ url: String) -> String.Index? {
        guard let scheme = url.utf8.firstIndex(of: UInt8(ascii: ":")),
            url.utf8[scheme...].starts(with: "://".utf8)
        else { return nil }
        return url.utf8[url.utf8.index(scheme, offsetBy: 3)...].firstIndex(of: UInt8(ascii: "/"))
    }
}
