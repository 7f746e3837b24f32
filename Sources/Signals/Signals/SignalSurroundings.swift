import Indicators

/// What is known of a series beside its grade, whatever the model; read when a signal is decided.
struct SignalSurroundings: Equatable, Sendable {
    private struct Streams: Equatable, Sendable {
        var levels = LevelStream()
        var voters: VoterStream
    }

    /// An array of one: it is handed on at every candle, and copied only where a copy of it goes on, too.
    private var streams: [Streams]

    init(_ interval: Interval) { streams = [Streams(voters: VoterStream(interval))] }

    var levels: LevelStream { streams[0].levels }

    /// What the voters say, the market's candle among them.
    func votes(_ gate: GateReading) -> Votes { streams[0].voters.votes(gate) }

    mutating func update(_ candle: Candle) {
        streams[0].levels.update(candle)
        streams[0].voters.update(candle)
    }
}

extension SignalSurroundings {
    mutating func walk(_ state: inout StateWalk) {
        streams[0].levels.walk(&state)
        streams[0].voters.walk(&state)
    }
}
