enum BybitTable {
    static let classifier = RequestClassifier(.bybit, [], formats: ["main": [.json]])
}
