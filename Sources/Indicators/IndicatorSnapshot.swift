/// The state of a set as bytes: a version, the names, the state of each indicator, a checksum. What is
/// restored goes on with the same bits.
extension IndicatorSet {
    private static let version: UInt64 = 1

    package func snapshot() -> [UInt8] {
        var state = StateWalk()
        var version = Self.version
        var names = Self.mark(self.names)
        state.pass(&version)
        state.pass(&names)
        for indicator in indicators {
            var copy = indicator
            copy.walk(&state)
        }
        var sum = Self.checksum(state.bytes[...])
        state.pass(&sum)
        return state.bytes
    }

    /// The set of these names as it was when its snapshot was made.
    package init(
        _ names: [IndicatorName], undefined: Undefined = .null, restoring bytes: [UInt8]
    ) throws(IndicatorMistake) {
        self.init(names, undefined: undefined)
        guard bytes.count >= 24 else { throw .snapshot("is cut off") }
        var end = StateWalk(restoring: Array(bytes.suffix(8)))
        var (sum, version, mark): (UInt64, UInt64, UInt64) = (0, 0, 0)
        end.pass(&sum)
        guard sum == Self.checksum(bytes.dropLast(8)) else { throw .snapshot("is damaged") }
        var state = StateWalk(restoring: Array(bytes.dropLast(8)))
        state.pass(&version)
        guard version == Self.version else { throw .snapshot("has version \(version), not \(Self.version)") }
        state.pass(&mark)
        guard mark == Self.mark(names) else { throw .snapshot("is of other indicators") }
        for index in indicators.indices { indicators[index].walk(&state) }
        guard state.isComplete else { throw .snapshot("does not fit") }
    }

    private static func mark(_ names: [IndicatorName]) -> UInt64 {
        checksum(Array(names.map(\.text).joined(separator: ",").utf8)[...])
    }

    /// FNV-1a: it tells accidents, not attacks.
    package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
