package import Indicators

/// A model of the Trader Grade, with the signal rule that goes with it.
package enum GradeModel: String, CaseIterable, Hashable, Sendable {
    case traderV0 = "trader/v0"
    case traderV1 = "trader/v1"

    /// Stands for the model in the keys of rows; never changes.
    package var number: Int {
        switch self {
        case .traderV0: 0
        case .traderV1: 1
        }
    }

    /// Another hash is another set of parameters under the same name.
    package var parameterHash: String {
        switch self {
        case .traderV0: TraderGrade.parameterHash
        case .traderV1: TraderGradeV1.parameterHash
        }
    }

    package var settings: SignalSettings {
        switch self {
        case .traderV0: SignalSettings()
        case .traderV1: .traderV1
        }
    }

    package func label(_ grade: Double) -> GradeLabel {
        grade >= settings.bullishFrom ? .buy : grade < settings.lowGrade ? .sell : .neutral
    }

    /// FNV-1a, 64 bits, of everything that a model's numbers depend on.
    static func hash(of text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// A model, streamed over the closed candles of one series: a grade a candle, made of that candle and those
/// before it only. A value: a copy is a snapshot, and continues bit by bit.
package protocol GradeStream: Equatable, Sendable {
    static var model: GradeModel { get }

    init(_ interval: Interval)

    /// `candle` is closed and later than the one before. Nil while there are too few candles.
    mutating func update(_ candle: Candle) -> Grade?

    /// Saves or restores the state.
    mutating func walk(_ state: inout StateWalk)
}

/// The models that are computed of every series. The first one is *told*: its grades and signals make events,
/// and lists show them unless another is asked for.
package struct GradeModels: Equatable, Sendable {
    package let computed: [GradeModel]

    package var told: GradeModel { computed[0] }

    /// Whether the market gate holds back what the models' signals would hold.
    package var usesMarketGate = true

    package static let usual = GradeModels(computed: [.traderV0, .traderV1])

    private init(computed: [GradeModel]) { self.computed = computed }

    /// By their names, each once and one at least.
    package init?(_ models: [GradeModel]) {
        guard !models.isEmpty, Set(models).count == models.count else { return nil }
        computed = models
    }

    func settings(of model: GradeModel) -> SignalSettings {
        var settings = model.settings
        settings.usesMarketGate = usesMarketGate
        return settings
    }
}
