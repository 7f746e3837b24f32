/// Numbers of a stretch of bars, side by side in memory of others, so that four of them are worked on at
/// once. Behind the last of them there must be room for four more, which nobody reads for an answer.
struct Stretch {
    static let lanes = 4

    let start: UnsafeMutablePointer<Double>

    @inline(__always)
    init(_ start: UnsafeMutablePointer<Double>) { self.start = start }

    @inline(__always)
    func from(_ index: Int) -> Stretch { Stretch(start + index) }

    @inline(__always)
    subscript(index: Int) -> Double { start[index] }

    @inline(__always)
    func four(_ index: Int) -> SIMD4<Double> {
        UnsafeRawPointer(start + index).loadUnaligned(as: SIMD4<Double>.self)
    }

    @inline(__always)
    func put(_ four: SIMD4<Double>, at index: Int) {
        UnsafeMutableRawPointer(start + index).storeBytes(of: four, as: SIMD4<Double>.self)
    }

    /// Each of the first `count` becomes the highest of the `length` numbers that begin with it. Twice the
    /// length is asked in one more pass: fourteen take four.
    func maximise(_ length: Int, count: Int) {
        var reach = 1
        while reach < length {
            let further = min(reach, length - reach)
            let open = count + length - reach - further
            for index in 0..<open {
                let (here, there) = (start[index], start[index &+ further])
                start[index] = here > there ? here : there
            }
            reach += further
        }
    }

    /// Each of the first `count` becomes the mean of the `length` numbers that begin with it, added up as a
    /// window of them would be.
    func average(_ length: Int, count: Int) {
        let share = 1 / Double(length)
        for index in 0..<count {
            let (origin, distance) = Window.shifted(UnsafeBufferPointer(start: start + index, count: length))
            start[index] = origin + distance * share
        }
    }
}
