package import Access
package import EventLoop
import Kernel
import Synchronization

/// One request of a key at a time, on all workers of a node: where each needs a higher number than the last,
/// two under way could overtake each other.
package final class KeyTurns: Sendable {
    /// Who waits longer in line is told to come again.
    static let waitersAtMost = 64
    /// How long one waits for its turn, and then for another node, before its client is told to come again.
    static let patience: Period = .seconds(2)

    private struct Waiter {
        let number: UInt64
        let isFirst: Bool
        let continuation: UnsafeContinuation<Bool, Never>
    }

    private struct State {
        /// Those that wait behind whoever has a key's turn.
        var lines: [ExchangeKeyID: [Waiter]] = [:]
        var lastNumber: UInt64 = 0
    }

    private enum Place {
        case free, full
        case waits(UInt64)
    }

    private let state = Mutex(State())

    package init() {}

    /// False when too many wait already, or when it took too long.
    /// - Parameter first: an exit, served before what opens.
    package nonisolated(nonsending) func take(
        _ key: ExchangeKeyID, first: Bool = false, on reactor: Reactor
    ) async -> Bool {
        var timer: TimerID?
        let isTaken = await take(key, first: first) { giveUp in
            timer = reactor.schedule(afterNanoseconds: Self.patience.nanoseconds, giveUp)
        }
        if let timer { reactor.cancel(timer) }
        return isTaken
    }

    /// - Parameter limit: is handed what makes it give up, to be called after as long as it may wait.
    nonisolated(nonsending) func take(
        _ key: ExchangeKeyID, first: Bool = false,
        limit: (@escaping @Sendable () -> Void) -> Void = { _ in }
    ) async -> Bool {
        await withUnsafeContinuation { continuation in
            switch join(key, first, continuation) {
            case .free: continuation.resume(returning: true)
            case .full: continuation.resume(returning: false)
            case .waits(let number): limit { self.giveUp(key, number) }
            }
        }
    }

    private func join(
        _ key: ExchangeKeyID, _ isFirst: Bool, _ continuation: UnsafeContinuation<Bool, Never>
    ) -> Place {
        state.withLock { state in
            guard var line = state.lines[key] else {
                state.lines[key] = []
                return .free
            }
            let exits = line.prefix { $0.isFirst }.count
            // What opens never fills the line for exits.
            guard (isFirst ? exits : line.count) < Self.waitersAtMost else { return .full }
            state.lastNumber += 1
            let waiter = Waiter(number: state.lastNumber, isFirst: isFirst, continuation: continuation)
            line.insert(waiter, at: isFirst ? exits : line.count)
            state.lines[key] = line
            return .waits(waiter.number)
        }
    }

    private func giveUp(_ key: ExchangeKeyID, _ number: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let place = state.lines[key]?.firstIndex(where: { $0.number == number }) else { return nil }
            return state.lines[key]?.remove(at: place)
        }
        waiter?.continuation.resume(returning: false)
    }

    package func giveBack(_ key: ExchangeKeyID) {
        let next = state.withLock { state -> Waiter? in
            guard let line = state.lines[key], !line.isEmpty else {
                state.lines[key] = nil
                return nil
            }
            return state.lines[key]?.removeFirst()
        }
        next?.continuation.resume(returning: true)
    }

    /// How many wait.
    func waiting(_ key: ExchangeKeyID) -> Int { state.withLock { $0.lines[key]?.count ?? 0 } }
}
