enum MEXCTable {
    static let classifier = RequestClassifier(.mexc, [], formats: ["spot": [.json], "futures": [.json]])
}
