import Indicators

/// What is known of a series beside its grade, whatever the model; read when a signal is decided.
struct SignalSurroundings: Equatable, Sendable {
    private(set) var levels = LevelStream()
    private(set) var voters: VoterStream

    init(_ interval: Interval) { voters = VoterStream(interval) }

    mutating func update(_ candle: Candle) {
        levels.update(candle)
        voters.update(candle)
    }
}

extension SignalSurroundings {
    mutating func walk(_ state: inout StateWalk) {
        levels.walk(&state)
        voters.walk(&state)
    }
}
