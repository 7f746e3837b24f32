/// What every indicator is: a value that takes one closed candle after the other. A copy of it is a snapshot;
/// batch, stream and restart are the same calls in the same order, so they give the same bits.
package protocol Indicator: Equatable, Sendable {
    /// Takes the next bar, whose numbers are finite, and appends the value of each of its lines: nil where
    /// the formula has no answer (yet).
    mutating func update(_ bar: Bar, onto row: inout [Double?])

    /// Saves or restores the state. What the parameters say is not part of it.
    mutating func walk(_ state: inout StateWalk)
}
