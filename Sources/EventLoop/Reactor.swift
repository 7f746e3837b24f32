import CLinux
import Glibc

/// What a descriptor is ready for. An error or a hang-up counts as both: the next read or write says what it
/// is.
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static let readable = Readiness(rawValue: 1)
    public static let writable = Readiness(rawValue: 2)
    /// The other side sends nothing more, or the connection broke. Edge-triggered, this is told once.
    public static let ended = Readiness(rawValue: 4)
}

/// Whoever is told of readiness; called on the loop's thread, between jobs.
public protocol ReadinessHandler: AnyObject {
    func ready(_ readiness: Readiness)
}

/// Descriptors and timers of one event loop. Not Sendable: it lives in its worker's isolation.
public final class Reactor {
    private struct Slot {
        var generation: UInt32 = 0
        var handler: (any ReadinessHandler)?
    }

    /// Marks the loop's eventfd, which only ends the wait: edge-triggered, it is never read.
    static let wakeupMark = UInt64.max

    private let epoll: Int32
    private let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 512)
    /// By descriptor; descriptors are small and dense.
    private var slots: [Slot] = []
    private var timers = TimerQueue()
    private var turnEnds: [() -> Void] = []
    /// Counts the turns of the loop.
    package private(set) var turn: UInt64 = 0

    init(epoll: Int32) { self.epoll = epoll }

    deinit { events.deallocate() }

    // MARK: Descriptors

    /// Watches a descriptor, edge-triggered unless said otherwise: the handler reads and writes until EAGAIN.
    public func watch(
        _ descriptor: Int32, for interest: Readiness = [.readable, .writable], edgeTriggered: Bool = true,
        handler: any ReadinessHandler
    ) throws(SystemError) {
        while slots.count <= Int(descriptor) { slots.append(Slot()) }
        slots[Int(descriptor)].generation &+= 1
        slots[Int(descriptor)].handler = handler
        try control(EPOLL_CTL_ADD, descriptor, interest, edgeTriggered)
    }

    public func change(
        _ descriptor: Int32, to interest: Readiness, edgeTriggered: Bool = false
    ) throws(SystemError) {
        try control(EPOLL_CTL_MOD, descriptor, interest, edgeTriggered)
    }

    /// Stops watching. Call it before the descriptor is closed. Events already fetched for it are dropped.
    public func unwatch(_ descriptor: Int32) {
        guard Int(descriptor) < slots.count, slots[Int(descriptor)].handler != nil else { return }
        slots[Int(descriptor)].handler = nil
        slots[Int(descriptor)].generation &+= 1
        _ = epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
    }

    private func control(
        _ operation: Int32, _ descriptor: Int32, _ interest: Readiness, _ edgeTriggered: Bool
    ) throws(SystemError) {
        var flags = EPOLLRDHUP.rawValue | (edgeTriggered ? EPOLLET.rawValue : 0)
        if interest.contains(.readable) { flags |= EPOLLIN.rawValue }
        if interest.contains(.writable) { flags |= EPOLLOUT.rawValue }
        // The generation tells an event for a closed descriptor from one for its successor of the same
        // number.
        let data = UInt64(slots[Int(descriptor)].generation) << 32 | UInt64(UInt32(descriptor))
        var event = epoll_event(events: flags, data: epoll_data_t(u64: data))
        try SystemError.check("epoll_ctl") { epoll_ctl(epoll, operation, descriptor, &event) }
    }

    /// Waits at most that long, then tells every handler that has something to do, and fires the timers due.
    func poll(milliseconds: Int32) {
        let count = Int(epoll_wait(epoll, events.baseAddress, Int32(events.count), milliseconds))
        turn &+= 1
        for index in 0..<max(count, 0) where events[index].data.u64 != Self.wakeupMark {
            dispatch(events[index])
        }
        fireTimers()
    }

    private func dispatch(_ event: epoll_event) {
        let descriptor = Int(event.data.u64 & 0xFFFF_FFFF)
        guard descriptor < slots.count, slots[descriptor].generation == UInt32(event.data.u64 >> 32),
            let handler = slots[descriptor].handler
        else { return }
        let failed = event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
        var readiness: Readiness = failed ? [.readable, .writable, .ended] : []
        if event.events & EPOLLRDHUP.rawValue != 0 { readiness.formUnion([.readable, .ended]) }
        if event.events & EPOLLIN.rawValue != 0 { readiness.insert(.readable) }
        if event.events & EPOLLOUT.rawValue != 0 { readiness.insert(.writable) }
        handler.ready(readiness)
    }

    // MARK: Timers

    public func schedule(afterNanoseconds delay: Int64, _ action: @escaping () -> Void) -> TimerID {
        timers.add(at: now() &+ UInt64(max(delay, 0)), action)
    }

    public func cancel(_ timer: TimerID) { timers.cancel(timer) }

    /// Suspends for at least that long.
    public nonisolated(nonsending) func sleep(nanoseconds: Int64) async {
        let done = Wakeup()
        _ = schedule(afterNanoseconds: nanoseconds) { done.wake() }
        await done.wait()
    }

    func millisecondsToNextTimer() -> Int32 {
        guard let next = timers.nextDeadline else { return 60_000 }
        let time = now()
        // Rounded up: a loop that wakes early would spin until the deadline.
        return next <= time ? 0 : Int32(min((next - time + 999_999) / 1_000_000, 60_000))
    }

    private func fireTimers() {
        guard timers.nextDeadline != nil else { return }
        let time = now()
        while let action = timers.popDue(at: time) { action() }
    }

    // MARK: Turns

    /// Runs `action` once, when this turn's jobs are done: for work that batches (flushes of logs and
    /// pipelines).
    public func atEndOfTurn(_ action: @escaping () -> Void) { turnEnds.append(action) }

    /// What an action adds runs in the same turn too: the loop may sleep after it.
    func endTurn() {
        while !turnEnds.isEmpty {
            var actions: [() -> Void] = []
            swap(&actions, &turnEnds)
            for action in actions { action() }
        }
    }

    private func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
