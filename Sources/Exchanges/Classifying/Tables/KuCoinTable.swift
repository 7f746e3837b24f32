enum KuCoinTable {
    static let classifier = RequestClassifier(.kucoin, [], formats: ["spot": [.json], "futures": [.json]])
}
