import Kernel
import Testing

@testable import Signals

@Suite struct BacklogRestTests {
    private static let second = UInt64(1_000_000_000)
    private static let worked = UInt64(30_000_000)

    @Test func `a backlog rests as long as somebody may be waiting`() {
        let rest = BacklogRest()
        let now = 5 * Self.second
        #expect(rest.nanoseconds(afterWork: Self.worked, at: now) == 0)
        rest.noteRequest(at: now)
        #expect(rest.nanoseconds(afterWork: Self.worked, at: now) == 15_000_000)
        #expect(rest.nanoseconds(afterWork: Self.worked, at: now + Self.second - 1) == 15_000_000)
        #expect(rest.nanoseconds(afterWork: Self.worked, at: now + Self.second) == 0)
    }

    @Test func `as long as it worked while a history comes in, and never for long`() {
        let rest = BacklogRest()
        let now = 5 * Self.second
        rest.noteHistory(at: now)
        #expect(rest.nanoseconds(afterWork: Self.worked, at: now) == 30_000_000)
        rest.noteRequest(at: now)
        #expect(rest.nanoseconds(afterWork: Self.worked, at: now) == 30_000_000)
        #expect(rest.nanoseconds(afterWork: 2 * Self.second, at: now) == 100_000_000)
        #expect(rest.nanoseconds(afterWork: Self.worked, at: now + Self.second) == 0)
    }
}
