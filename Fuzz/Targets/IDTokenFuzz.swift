import HTTPClient
import Identity
import JSON
import Kernel

extension FuzzTarget {
    /// One token was signed by the key here: no other text passes for one that was. Key sets and what
    /// providers say of themselves are read without a crash.
    static let idToken = FuzzTarget(name: "IDToken") { input throws(Finding) in
        let text = String(decoding: input, as: UTF8.self)
        if let token = try? SignedToken(text) {
            _ = try? rules.read(token)
            try require(!isSigned(token) || text == signed, "a token that nobody signed is taken")
        }
        guard let document = try? JSONValue.parse(input) else { return }
        _ = KeySet(document)
        _ = try? ProviderMetadata(document, issuer: rules.issuer, allowance: .publicOnly)
    }

    private static let rules = IDTokenRules(
        issuer: "https://id.desk.example", clientID: "keybell", nonce: "n", accessToken: "a",
        groupsClaim: "groups", now: Timestamp(seconds: 1_767_600_000))

    private static func isSigned(_ token: SignedToken) -> Bool {
        guard let keys = KeySet(["keys": [key]]) else { return false }
        return (try? keys.verify(token)) != nil
    }

    private static let key: JSONValue = [
        "kty": "OKP", "crv": "Ed25519", "kid": "ed25519", "x": "Q5OgW07XjmbnjouKRFNp1fvgPnUK1VyALWBfavKgR3Y",
    ]

    /// The first file of the corpus.
    private static let signed = """
        eyJhbGciOiJFZERTQSIsImtpZCI6ImVkMjU1MTkiLCJ0eXAiOiJKV1QifQ.eyJzdWIiOiJhbm4iLCJpc3MiOiJodHR\
        wczovL2lkLmRlc2suZXhhbXBsZSIsImF1ZCI6ImtleWJlbGwiLCJuYW1lIjoiXHUwMGM0bm4ifQ.1tJYSk2mHCDP3J\
        2s0KxXjwPzHnfraKQVb8dy_UQnJhDH2Mq5ZWBybb4mud-I7R_ugDvR0Uld1ti_GR97kLHcBg
        """
}
