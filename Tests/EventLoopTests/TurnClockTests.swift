import Kernel
import Synchronization
import Testing

@testable import EventLoop

@Suite struct TurnClockTests {
    private final class Reads: Sendable {
        let count = Mutex<UInt64>(0)

        func next() -> UInt64 {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    @Test func `a turn has one time, the next turn another`() async throws {
        let reads = Reads()
        let clock = Clock(
            now: { Timestamp(microseconds: Int64(reads.next())) }, monotonicNanoseconds: { reads.next() })
        let worker = try Worker()
        worker.start(name: "turn-clock")
        defer { worker.stop() }
        let times = await worker.run { worker in
            let time = TurnClock(clock, worker.reactor)
            let first = [time.monotonicNanoseconds(), time.monotonicNanoseconds()]
            let wall = [time.now(), time.now()].map { UInt64($0.microseconds) }
            await worker.reactor.sleep(nanoseconds: 1_000)
            return first + wall + [time.monotonicNanoseconds()]
        }
        #expect(times == [1, 1, 2, 2, 3])
    }
}
