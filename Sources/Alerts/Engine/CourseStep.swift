/// What a round does to alerts.
struct CourseStep {
    enum What {
        case fires(Firing)
        case recovers(AlertRecovery)
    }

    let what: What
    let key: StateKey
    /// Steps of one round follow each other by it.
    let number: Int
}

/// Steps that are written together: recoveries first, then firings, so that a group which was well for a
/// moment only is left with an alert that fires.
struct CourseWave {
    private(set) var recoveries: [AlertRecovery] = []
    private(set) var firings: [Firing] = []

    /// As few as there can be so that each group's steps keep their order.
    /// - Parameter steps: in that order.
    static func waves(of steps: [CourseStep]) -> [CourseWave] {
        var waves: [CourseWave] = []
        var places: [StateKey: (wave: Int, hasFired: Bool)] = [:]
        for step in steps {
            var place = places[step.key] ?? (0, false)
            if case .recovers = step.what, place.hasFired { place = (place.wave + 1, false) }
            while waves.count <= place.wave { waves.append(CourseWave()) }
            switch step.what {
            case .fires(let firing):
                place.hasFired = true
                waves[place.wave].firings.append(firing)
            case .recovers(let recovery): waves[place.wave].recoveries.append(recovery)
            }
            places[step.key] = place
        }
        return waves
    }
}
