import Signals

extension SettingsReader {
    /// `KEYBELL_GRADE_MODELS=trader/v0,trader/v1` and `KEYBELL_MARKET_GATE=on`.
    mutating func gradeModels(_ name: String, gate: String) -> GradeModels {
        var models = gradeModels(name)
        models.usesMarketGate = choice(gate, Switch.self) != .off
        return models
    }

    private enum Switch: String, CaseIterable {
        case on, off
    }

    private mutating func gradeModels(_ name: String) -> GradeModels {
        let known = GradeModel.allCases.map(\.rawValue).joined(separator: ", ")
        let models = list(name, "models among \(known)") { GradeModel(rawValue: $0) }
        guard !models.isEmpty else { return .usual }
        if let models = GradeModels(models) { return models }
        fail(name, "names a model twice")
        return .usual
    }
}
