import Access
import Exchanges
import Kernel
import Signing
import Testing

@Suite struct UseFactsTests {
    @Test func `a request's facts are what it was made of`() {
        let facts = UseFacts(
            .proxy, host: "spot", method: "GET", path: "/api/v3/account", meaning: RequestMeaning(.read),
            caller: .installation, at: Timestamp(milliseconds: 1))
        #expect(facts.meaning.operation == .read && facts.way == .proxy)
    }
}
