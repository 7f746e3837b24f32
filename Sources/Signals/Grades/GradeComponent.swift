package import Kernel

/// One of the seven parts of the Trader Grade v0.
package enum GradeComponentKind: String, CaseIterable, Sendable {
    case rsi
    case macd
    case emaOrder = "ema_order"
    case directionalStrength = "directional_strength"
    case breakout
    case volumeSpike = "volume_spike"
    case volatilityRegime = "volatility_regime"

    package var weight: Double {
        switch self {
        case .rsi, .macd, .emaOrder, .directionalStrength: 0.15
        case .breakout: 0.20
        case .volumeSpike, .volatilityRegime: 0.10
        }
    }

    package var formula: String {
        switch self {
        case .rsi: "100*clamp((rsi14-30)/40)"
        case .macd: "50+50*clip(histogram/(0.25*atr14),-1,1)"
        case .emaOrder: "100/3*([close>ema20]+[ema20>ema50]+[ema50>ema200])"
        case .directionalStrength: "50+50*clip(2*(pdi14-mdi14)/(pdi14+mdi14)*min(1,adx14/25),-1,1)"
        case .breakout: "100*clamp((close-lowest20)/(highest20-lowest20))"
        case .volumeSpike: "mean3(50+50*sign(return)*clamp(log2(volume/mean20_previous)/2))"
        case .volatilityRegime: "100-100*rank180(atr14/close)"
        }
    }

    /// Candles that the first score needs.
    var lookBack: Int {
        switch self {
        case .rsi: 15
        case .macd: 34
        case .emaOrder: 200
        case .directionalStrength: 28
        case .breakout: 21
        case .volumeSpike: 23
        case .volatilityRegime: 74
        }
    }

    /// Candles that a score is made of; recursive averages also carry what came before.
    func count(_ inputs: GradeInputs) -> Int {
        self == .volatilityRegime ? inputs.volatilityCount + 14 : lookBack
    }

    func inputs(_ of: GradeInputs) -> [GradeComponent.Input] {
        switch self {
        case .rsi: [.init("rsi14", of.rsi14)]
        case .macd: [.init("histogram", of.macdHistogram), .init("atr14", of.atr14)]
        case .emaOrder:
            [
                .init("close", of.close), .init("ema20", of.ema20), .init("ema50", of.ema50),
                .init("ema200", of.ema200),
            ]
        case .directionalStrength:
            [.init("pdi14", of.plusDI14), .init("mdi14", of.minusDI14), .init("adx14", of.adx14)]
        case .breakout:
            [.init("close", of.close), .init("highest20", of.highest20), .init("lowest20", of.lowest20)]
        case .volumeSpike: [.init("volume_ratio", of.volumeRatio), .init("mean3", of.volumeScore3)]
        case .volatilityRegime:
            [.init("rank180", of.volatilityRank), .init("count", Double(of.volatilityCount))]
        }
    }
}

/// A branch of the why tree.
package struct GradeComponent: Equatable, Sendable {
    package struct Input: Equatable, Sendable {
        package var name: String
        package var value: Double?

        init(_ name: String, _ value: Double?) {
            self.name = name
            self.value = value
        }
    }

    package var name: String
    /// The model's weight.
    package var weight: Double
    /// The weight after those of null components were shared among the others; 0 for a null one.
    package var effectiveWeight: Double
    /// 0 to 100; nil without enough candles.
    package var score: Double?
    /// True when the formula had no answer (nothing moved, nothing traded) and the score is the neutral 50.
    package var isNeutral: Bool
    /// `effectiveWeight · score`: contributions add up to the grade.
    package var contribution: Double
    package var inputs: [Input]
    package var formula: String
    package var candles: CandleSpan?
    /// What its score is the mean of; their contributions add up to its own.
    package var children: [GradeComponent] = []
}

extension GradeLeaf {
    func inputs(_ reading: LeafReading, close: Double) -> [GradeComponent.Input] {
        switch family {
        case .channel:
            [.init("close", close), .init("highest", reading.first), .init("lowest", reading.second)]
        case .momentum: [.init("change", reading.first), .init("noise", reading.second)]
        case .acceleration: [.init("histogram", reading.first), .init("atr14", reading.second)]
        }
    }
}

/// The candles that a figure was made of.
package struct CandleSpan: Equatable, Sendable {
    package var from: Timestamp
    package var to: Timestamp
    package var count: Int
}
