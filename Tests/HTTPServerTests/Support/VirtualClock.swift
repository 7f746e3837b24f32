import Kernel
import Synchronization

/// A clock that stands still until a test moves it.
final class VirtualClock: Sendable {
    private let nanoseconds = Mutex<UInt64>(1_000_000_000)

    var elapsed: UInt64 { nanoseconds.withLock { $0 } }

    func advance(seconds: Int) {
        nanoseconds.withLock { $0 += UInt64(seconds) * 1_000_000_000 }
    }

    var clock: Clock {
        Clock(
            now: { Timestamp(microseconds: 1_767_600_000_000_000 + Int64(self.elapsed / 1_000)) },
            monotonicNanoseconds: { self.elapsed })
    }
}
