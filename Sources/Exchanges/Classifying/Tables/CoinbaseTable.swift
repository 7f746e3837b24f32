enum CoinbaseTable {
    static let classifier = RequestClassifier(.coinbase, [], formats: ["main": [.json]])
}
