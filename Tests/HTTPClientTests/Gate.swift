import CLinux
import Glibc
import Synchronization

/// Lets threads through once that many have come.
final class Gate: Sendable {
    private let total: Int
    private let missing: Mutex<Int>
    private let permits: Int32

    init(_ count: Int) {
        total = count
        missing = Mutex(count)
        permits = eventfd(0, Int32(Int(EFD_CLOEXEC) | Int(EFD_SEMAPHORE)))
    }

    deinit { close(permits) }

    /// Blocks until everybody is here.
    func pass() {
        let isLast = missing.withLock {
            $0 -= 1
            return $0 == 0
        }
        if isLast {
            var everybody = UInt64(total)
            _ = write(permits, &everybody, 8)
        }
        var one: UInt64 = 0
        _ = read(permits, &one, 8)
    }
}
