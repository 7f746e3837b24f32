import Testing

@testable import KeyFiles

@Suite struct NameWordsTests {
    @Test(arguments: [
        ("MAIN_BINANCE_API_KEY", ["main", "binance", "api", "key"]),
        ("binanceApiKey", ["binance", "api", "key"]),
        ("okx-testnet.2", ["okx", "testnet", "2"]),
        ("", []), ("__", []), ("größe", ["gr", "e"]),
    ])
    func `names are cut into words, however they are written`(name: String, words: [String]) {
        #expect(NameWords(name).words == words)
    }
}
