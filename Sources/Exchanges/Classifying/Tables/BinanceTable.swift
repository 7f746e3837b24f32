enum BinanceTable {
    static let classifier = RequestClassifier(
        .binance, [], formats: ["spot": [.form], "usdm": [.form], "coinm": [.form], "options": [.form]])
}
