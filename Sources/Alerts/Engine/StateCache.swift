import Kernel

/// What is known of groups, as bytes, some 200 a group with all that a dictionary takes, so that a million
/// windows need a quarter of a gigabyte. What there is no room for is read again when it is wanted.
struct StateCache {
    /// With what each takes beside its state.
    static let bytesAtMost = 256 << 20
    /// A key, a pointer and the head of an array, in a table that is three quarters full.
    private static let overhead = 96

    private let bytesAtMost: Int
    private var states: [StateKey: [UInt8]] = [:]
    private(set) var bytes = 0
    /// How often something gave way.
    private(set) var evictions = 0

    init(bytesAtMost: Int = Self.bytesAtMost) { self.bytesAtMost = bytesAtMost }

    var count: Int { states.count }

    subscript(key: StateKey) -> [UInt8]? {
        get { states[key] }
        set {
            let before = states[key].map(Self.size) ?? 0
            states[key] = newValue
            bytes += (newValue.map(Self.size) ?? 0) - before
            if bytes > bytesAtMost { evict() }
        }
    }

    mutating func removeAll() { (states, bytes) = ([:], 0) }

    mutating func removeAll(where isGone: (StateKey) -> Bool) {
        states = states.filter { !isGone($0.key) }
        bytes = states.values.reduce(0) { $0 + Self.size($1) }
    }

    /// Half of it, whichever: then it is long before any has to give way again.
    private mutating func evict() {
        evictions += 1
        for key in Array(states.keys.prefix(max(1, states.count / 2))) {
            if let state = states.removeValue(forKey: key) { bytes -= Self.size(state) }
        }
    }

    private static func size(_ state: [UInt8]) -> Int { state.count + overhead }
}
