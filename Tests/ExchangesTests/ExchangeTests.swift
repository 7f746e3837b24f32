import Testing

@testable import Exchanges

@Suite struct ExchangeTests {
    @Test func `every exchange is described once`() {
        #expect(Exchange.all.map(\.name) == ExchangeName.allCases)
    }

    @Test func `every exchange has hosts, an environment and a kind of credential`() {
        for exchange in Exchange.all {
            #expect(!exchange.aliases.isEmpty && !exchange.environments.isEmpty)
            #expect(!exchange.credentialKinds.isEmpty)
        }
    }
}
