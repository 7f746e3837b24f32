extension Hasher {
    /// A case of an enum whose raw values are texts, for its `hash(into:)`. The standard library hashes those
    /// texts: 300 instructions at each look-up, for a number that is there in memory.
    @inlinable public mutating func combine<Value: CaseIterable>(case value: Value) {
        withUnsafeBytes(of: value) { combine($0[0]) }
    }
}
