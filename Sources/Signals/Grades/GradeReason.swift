/// What a stored grade was made of. It is computed again, and told only if it comes to what is stored.
enum GradeReason {
    case known(Grade)
    case unknown(String)

    /// As contributions add up to a grade.
    private static let tolerance = 1e-9

    init(_ stored: StoredGrade, _ again: Grade?) {
        guard stored.parametersHash == GradeModel(rawValue: stored.model)?.parameterHash else {
            self = .unknown("the grade was made with other parameters than the model has now")
            return
        }
        guard let again, abs(again.value - stored.value) <= Self.tolerance else {
            self = .unknown("the candles come to another grade now: some have come or were revised since")
            return
        }
        self = .known(again)
    }
}
