import HTTPServer

/// What every answer says to browsers, and to caches on the way: guess no type, tell nobody where you came
/// from, run nothing, be in no frame, keep nothing. An answer that says something else of caching, or of what
/// a page may do, is left as it is.
struct BrowserGuards: Sendable {
    private let always: PreparedField
    private static let noStore = PreparedField(.cacheControl, "no-store")
    /// CSP level 3: an answer that is no page of ours loads and runs nothing, wherever it is opened. Whoever
    /// makes a passkey by hand, in the console of a browser, may call us from there.
    private static let nothing = PreparedField(
        .contentSecurityPolicy,
        "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    /// A year, as RFC 6797 has it. Hosts below ours are not ours to speak for.
    private static let onlyByTLS = PreparedField(.strictTransportSecurity, "max-age=31536000")

    /// - Parameter isOnlyByTLS: browsers reach us by https; over http they must not, and would not heed it.
    init(isOnlyByTLS: Bool) {
        let fields = [
            PreparedField(.xContentTypeOptions, "nosniff"), PreparedField(.referrerPolicy, "no-referrer"),
        ]
        always = PreparedField(joining: fields + (isOnlyByTLS ? [Self.onlyByTLS] : []))
    }

    func add(to head: inout ResponseHead) {
        head.add(always)
        if !head.saysCaching { head.add(Self.noStore) }
        if !head.saysContentPolicy { head.add(Self.nothing) }
    }
}
