enum BitgetTable {
    static let classifier = RequestClassifier(.bitget, [], formats: ["main": [.json]])
}
