package import Access
import Synchronization

/// One request of a key at a time, on all workers of a node: where each needs a higher number than the last,
/// two under way could overtake each other.
package final class KeyTurns: Sendable {
    /// Who waits longer in line is told to come again.
    static let waitersAtMost = 64

    private struct Line {
        var waiters: [UnsafeContinuation<Void, Never>] = []
    }

    private let lines = Mutex<[ExchangeKeyID: Line]>([:])

    package init() {}

    /// False when too many wait already.
    package nonisolated(nonsending) func take(_ key: ExchangeKeyID) async -> Bool {
        let isFull = lines.withLock { ($0[key]?.waiters.count ?? 0) >= Self.waitersAtMost }
        if isFull { return false }
        await withUnsafeContinuation { continuation in
            let isFree = lines.withLock { lines in
                if lines[key] == nil {
                    lines[key] = Line()
                    return true
                }
                lines[key]?.waiters.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
        return true
    }

    package func giveBack(_ key: ExchangeKeyID) {
        let next = lines.withLock { lines -> UnsafeContinuation<Void, Never>? in
            guard var line = lines[key], !line.waiters.isEmpty else {
                lines[key] = nil
                return nil
            }
            let next = line.waiters.removeFirst()
            lines[key] = line
            return next
        }
        next?.resume()
    }
}
