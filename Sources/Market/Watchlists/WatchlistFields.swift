import Access
import JSON
import Kernel
import Signals

/// What a request says of a watchlist. What is nil was not named.
struct WatchlistDraft {
    private(set) var name: String?
    private(set) var description: String?
    private(set) var clearsDescription = false
    private(set) var tokens: [SeriesFinder.TokenReference]?
    private(set) var shares: [WatchlistShare]?

    /// Of a new one: a name is required.
    init(making fields: consuming Fields) throws(FieldErrors) {
        var f = fields
        name = f.marketName()
        description = f.note("description")
        tokens = f.tokens("tokens", upTo: Watchlist.mostTokens)
        shares = f.shares()
        try f.finish()
    }

    init(changing fields: consuming Fields) throws(FieldErrors) {
        var f = fields
        let isEmpty = !["name", "description", "tokens", "shared_with"].contains { f.has($0) }
        if isEmpty { f.fail(code: FieldCode.tooFew, "must name at least one field") }
        if f.has("name") { name = f.marketName() }
        clearsDescription = f.isNull("description")
        description = f.note("description")
        tokens = f.tokens("tokens", upTo: Watchlist.mostTokens)
        shares = f.shares()
        try f.finish()
    }
}

extension Fields {
    /// 1 to 100 characters that can be told from others.
    mutating func marketName() -> String {
        let text = string("name", 1...100)
        if let mistake = NameText.mistake(in: text) { fail("name", code: FieldCode.malformed, mistake) }
        return text
    }

    /// Up to 1,000 characters on one line.
    mutating func note(_ name: String) -> String? {
        guard let text = string(optional: name, 1...1_000) else { return nil }
        if let mistake = NameText.mistake(in: text) { fail(name, code: FieldCode.malformed, mistake) }
        return text
    }

    /// Tokens by id or ticker; nil when nothing is said.
    mutating func tokens(_ name: String, upTo most: Int) -> [SeriesFinder.TokenReference]? {
        guard has(name), !isNull(name) else { return nil }
        return parsedList(name, count: 0...most, expected: "a token's id or a ticker") {
            SeriesFinder.TokenReference($0)
        }
    }

    fileprivate mutating func shares() -> [WatchlistShare]? {
        let expected = "desk, or the id of a user, a service account or a group"
        var seen: Set<WatchlistShare.Holder> = []
        return array(optional: "shared_with", count: 0...Watchlist.mostShares) { f in
            let holder = f.parsed("with", expected: expected) { WatchlistShare.Holder($0) }
            let right = f.choice("access", WatchlistShare.Right.self)
            if let holder, !seen.insert(holder).inserted {
                f.fail("with", code: "repeated", "stands more than once")
            }
            return WatchlistShare(holder: holder ?? .desk, right: right)
        }
    }
}
