enum OKXTable {
    static let classifier = RequestClassifier(.okx, [], formats: ["main": [.json]])
}
