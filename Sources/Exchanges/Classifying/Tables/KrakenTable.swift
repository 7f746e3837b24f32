enum KrakenTable {
    static let classifier = RequestClassifier(.kraken, [], formats: ["spot": [.form]])
}
