/// Where requests for one alias go, and what Keybell itself says there.
package struct ExchangeHost: Sendable, Equatable {
    /// Scheme and authority: `https://api.binance.com`.
    package let base: String
    /// Marks of a demonstration account, such as `x-simulated-trading: 1`.
    package let headers: [SignedRequest.Header]

    init(_ authority: String, headers: [SignedRequest.Header] = []) {
        base = "https://" + authority
        self.headers = headers
    }

    private init(base: String, headers: [SignedRequest.Header]) {
        (self.base, self.headers) = (base, headers)
    }

    /// The same host at another place: a stand-in, named by the settings. Signatures that cover the host
    /// (Coinbase's) then cover that one. nil unless it is scheme and authority only.
    package func standing(at base: String) -> ExchangeHost? {
        let authority = base.dropFirst(base.hasPrefix("https://") ? 8 : 7)
        let isPlain = { (byte: UInt8) in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: ".-:[]".utf8.contains(byte)
            }
        }
        guard base.hasPrefix("https://") || base.hasPrefix("http://"), !authority.isEmpty,
            authority.utf8.allSatisfy(isPlain)
        else { return nil }
        return ExchangeHost(base: base, headers: headers)
    }

    /// Host and port, as a signature over the host writes them.
    var authority: String { String(base.dropFirst(base.hasPrefix("https://") ? 8 : 7)) }
}
