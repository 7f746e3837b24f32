import JSON
import Testing

@Suite struct SuggestionTests {
    private let names = ["environment", "expires_at", "name", "note", "limit"]

    @Test(arguments: [
        ("nmae", "name"), ("Name", "name"), ("expiresAt", "expires_at"), ("enviroment", "environment"),
        ("limt", "limit"), ("notes", "note"),
    ])
    func `a slip finds what was meant`(typed: String, meant: String) {
        #expect(Suggestion.closest(to: typed, among: names) == meant)
    }

    @Test(arguments: ["", "zzz", "x", "quantity", String(repeating: "n", count: 100)])
    func `a stranger finds nothing`(typed: String) {
        #expect(Suggestion.closest(to: typed, among: names) == nil)
    }

    @Test func `no candidates give no suggestion`() {
        #expect(Suggestion.closest(to: "name", among: [String]()) == nil)
    }
}
