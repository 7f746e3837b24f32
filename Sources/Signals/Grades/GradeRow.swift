import Kernel

/// A grade as it is stored, without what it was made of: a stretch of a thousand candles keeps no more.
struct GradeRow {
    let model: GradeModel
    /// Open time of the candle.
    let time: Timestamp
    let value: Double
    let previous: Double?
    let dataQuality: Double
    let bars: Int
    let missingLast100: Int

    init(_ grade: Grade) {
        (model, time, value, previous) = (grade.model, grade.time, grade.value, grade.previous)
        (dataQuality, missingLast100) = (grade.dataQuality, grade.missingLast100)
        bars = grade.inputs.bars
    }

    var zone: GradeZone { GradeZone(value) }
    var label: GradeLabel { model.label(value) }

    var changesZoneOrLabel: Bool {
        guard let previous else { return true }
        return GradeZone(previous) != zone || model.label(previous) != label
    }
}
