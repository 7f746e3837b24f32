import Access
import Exchanges
import Kernel
import Keys
import Signing
import Testing

@Suite struct UseFactsTests {
    @Test func `a request's facts are what it was made of`() {
        let key = KeyFacts(
            id: ExchangeKeyID(UUID(high: 1, low: 2)), label: "bot", exchange: .binance, environment: .live,
            account: "main", tags: [], permissions: [.read], status: .active)
        let facts = UseFacts(
            .proxy, host: "spot", method: "GET", path: "/api/v3/account", meaning: RequestMeaning(.read),
            key: key, caller: .installation, at: Timestamp(milliseconds: 1))
        #expect(facts.meaning.operation == .read && facts.way == .proxy && facts.key == key)
    }
}
