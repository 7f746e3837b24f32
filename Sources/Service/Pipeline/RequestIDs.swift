import Access
import EventLoop
import Kernel

/// Ids for requests that bring none: unique, sortable, not secret, so a fast generator will do.
final class RequestIDs {
    private let clock: TurnClock
    private let generator: SeededGenerator

    init(clock: TurnClock, entropy: Entropy) {
        self.clock = clock
        generator = SeededGenerator(seed: entropy.number(below: .max))
    }

    func next() -> String {
        let time = UInt64(bitPattern: clock.now().milliseconds)
        let random = generator.next()
        let uuid = UUID(
            high: time << 16 | 0x7000 | (random & 0x0FFF),
            low: 0x8000_0000_0000_0000 | (generator.next() & 0x3FFF_FFFF_FFFF_FFFF))
        return RequestID(uuid).description
    }
}
