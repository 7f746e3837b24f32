enum GateTable {
    static let classifier = RequestClassifier(.gate, [], formats: ["main": [.json]])
}
