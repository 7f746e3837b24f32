/// The means of windows, and their spreads: the sums of the squares of the distances from the mean.
///
/// Two halves' moments make those of the whole (Chan, Golub and LeVeque): nothing large is subtracted from
/// something large, so no digit is lost where prices are large and moves are small. The halves are always cut
/// at the same places of a window, so equal windows have bit-equal moments, whichever way they came to be;
/// the mean of equal values is exactly that value, their spread exactly zero. Windows of a length share their
/// halves: one more of twenty values costs five such steps.
struct Moments {
    let means: Stretch
    let spreads: Stretch

    /// The first `count` of `total` become the moments of the windows of `length` values.
    /// - Parameter parts: at first the `count + length - 1` values, with spreads of zero; used up.
    static func slide(_ length: Int, count: Int, parts: Moments, total: Moments) {
        var (size, covered) = (1, 0)
        while true {
            if length & size != 0 {
                if covered == 0 {
                    total.take(parts, count: count)
                } else {
                    total.merge(parts, at: covered, sizes: (covered, size), count: count)
                }
                covered += size
            }
            guard covered < length else { return }
            parts.merge(parts, at: size, sizes: (size, size), count: count + length - 2 * size)
            size *= 2
        }
    }

    private func take(_ other: Moments, count: Int) {
        means.start.update(from: other.means.start, count: count)
        spreads.start.update(from: other.spreads.start, count: count)
    }

    /// Each takes in the one of `other` that stands `offset` further.
    @inline(__always)
    private func merge(_ other: Moments, at offset: Int, sizes: (Int, Int), count: Int) {
        let (mine, its) = (Double(sizes.0), Double(sizes.1))
        let share = SIMD4(repeating: its / (mine + its))
        let weight = SIMD4(repeating: mine * its / (mine + its))
        var index = 0
        while index < count {
            let (mean, spread) = (means.four(index), spreads.four(index))
            let distance = other.means.four(index &+ offset) - mean
            means.put(mean + distance * share, at: index)
            spreads.put(
                spread + other.spreads.four(index &+ offset) + distance * distance * weight, at: index)
            index &+= Stretch.lanes
        }
    }
}

// MARK: One window

extension Moments {
    /// Values that a window has at most.
    static let mostValues = 64

    /// Of all the values.
    static func whole(_ values: UnsafeBufferPointer<Double>) -> (mean: Double, spread: Double) {
        precondition(!values.isEmpty && values.count <= mostValues)
        let room = mostValues + Stretch.lanes
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: 80) { means in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: 80) { spreads in
                means.initialize(repeating: 0)
                spreads.initialize(repeating: 0)
                guard let means = means.baseAddress, let spreads = spreads.baseAddress,
                    let start = values.baseAddress
                else { return (0, 0) }
                means.update(from: start, count: values.count)
                slide(
                    values.count, count: 1,
                    parts: Moments(means: Stretch(means), spreads: Stretch(spreads)),
                    total: Moments(means: Stretch(means + room), spreads: Stretch(spreads + room)))
                return (means[room], spreads[room])
            }
        }
    }
}
