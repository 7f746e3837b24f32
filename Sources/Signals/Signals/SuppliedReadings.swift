/// What other rooms know of a token when its candle closes. Nil is not known; what needs it says so.
package struct SuppliedReadings: Equatable, Sendable {
    package var narrative: NarrativeReading?
    package var sentiment: SentimentReading?

    package static let none = SuppliedReadings()

    package init(narrative: NarrativeReading? = nil, sentiment: SentimentReading? = nil) {
        (self.narrative, self.sentiment) = (narrative, sentiment)
    }
}

/// Of the token's narratives the one that fell most within seven days: its score, 0 to 100, and that of a
/// week ago.
package struct NarrativeReading: Equatable, Sendable {
    /// Points that a narrative loses within seven days when it fades.
    package static let fading = 20.0

    package var score: Double
    package var weekAgo: Double

    package var fall: Double { weekAgo - score }

    package var isFading: Bool { fall >= Self.fading }

    package init(score: Double, weekAgo: Double) { (self.score, self.weekAgo) = (score, weekAgo) }
}

/// Means of a supplied sentiment series over the last 5 and 20 candles.
package struct SentimentReading: Equatable, Sendable {
    package var mean5: Double
    package var mean20: Double

    package init(mean5: Double, mean20: Double) { (self.mean5, self.mean20) = (mean5, mean20) }
}

/// A price that stays where it is while what carries it falls.
package struct Divergence: Equatable, Sendable {
    /// Volume or sentiment falls when its mean of 5 is under this part of its mean of 20; below zero, where a
    /// sentiment may be, when it is as far beyond it.
    static let falling = 0.8

    /// Nil where it cannot be told.
    package var volume: Bool?
    package var sentiment: Bool?
    package var numbers: [BearishCondition.Number]
}

extension BearishReading {
    func divergence(_ settings: SignalSettings) -> Divergence {
        let isFlat = isPriceHeld(settings)
        func diverges(_ short: Double?, _ long: Double?) -> Bool? {
            guard let isFlat, let short, let long else { return nil }
            return isFlat && short < (long < 0 ? 2 - Divergence.falling : Divergence.falling) * long
        }
        let sentiment = supplied.sentiment
        return Divergence(
            volume: diverges(volumeMean5, volumeMean20),
            sentiment: diverges(sentiment?.mean5, sentiment?.mean20),
            numbers: [
                .init("return_5", return5), .init("atr14_part", inputs.atr14.map { $0 / inputs.close }),
                .init("volume_mean5", volumeMean5), .init("volume_mean20", volumeMean20),
                .init("sentiment_mean5", sentiment?.mean5), .init("sentiment_mean20", sentiment?.mean20),
            ])
    }
}
