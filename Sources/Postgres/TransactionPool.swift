import EventLoop
import Kernel

/// A few connections of one loop, each for one caller at a time; whoever finds none free waits in line.
package final class TransactionPool {
    /// Callers in line. Each waits for about a transaction's length per four before it.
    package static let maximumWaiting = 256
    /// A place in line is worth no more than that.
    static let maximumWait: Period = .seconds(2)

    private final class Waiter {
        let turn = Wakeup()
        var link: Link?
        var isGone = false
    }

    let links: [Link]
    private var free: [Link]
    private var waiting = Queue<Waiter>()
    private let use: DatabaseUse
    private let reactor: Reactor
    private let wait: Period

    init(_ links: [Link], use: DatabaseUse, reactor: Reactor, wait: Period) {
        (self.links, self.use, self.reactor, self.wait) = (links, use, reactor, wait)
        // The last one is taken first: the first ones stay warm.
        free = links.reversed()
    }

    /// Runs `body` in a transaction of its own and commits; whatever it throws rolls back.
    /// - Parameter retries: how often a body that lost a conflict (40001, 40P01) runs again, from the start.
    package nonisolated(nonsending) func transaction<Result>(
        retries: Int = 0, _ body: nonisolated(nonsending) (Transaction) async throws -> Result
    ) async throws -> Result {
        var left = retries
        while true {
            do {
                return try await attempt(body)
            } catch let error as PostgresError where error.isConflict && left > 0 {
                left -= 1
            }
        }
    }

    private nonisolated(nonsending) func attempt<Result>(
        _ body: nonisolated(nonsending) (Transaction) async throws -> Result
    ) async throws -> Result {
        let link = try await take()
        defer { giveBack(link) }
        let transaction = Transaction(on: link)
        do {
            let result = try await body(transaction)
            try await transaction.finish()
            return result
        } catch {
            await transaction.rollback()
            throw error
        }
    }

    nonisolated(nonsending) func take() async throws(PostgresError) -> Link {
        let link = try await nextLink()
        do {
            try await link.opened()
        } catch {
            giveBack(link)
            throw error
        }
        return link
    }

    private nonisolated(nonsending) func nextLink() async throws(PostgresError) -> Link {
        if let index = free.lastIndex(where: \.isOpen) { return free.remove(at: index) }
        if let link = free.popLast() { return link }
        guard waiting.count < Self.maximumWaiting else { throw refused() }
        let waiter = Waiter()
        waiting.append(waiter)
        use.beganToWait()
        defer { use.endedToWait() }
        let timer = reactor.schedule(afterNanoseconds: wait.nanoseconds) {
            waiter.isGone = true
            waiter.turn.wake()
        }
        await waiter.turn.wait()
        reactor.cancel(timer)
        guard let link = waiter.link else { throw refused() }
        return link
    }

    private func refused() -> PostgresError {
        use.wasRefused()
        return .overloaded
    }

    func giveBack(_ link: Link) {
        while let waiter = waiting.popFirst() {
            if waiter.isGone { continue }
            waiter.link = link
            return waiter.turn.wake()
        }
        free.append(link)
    }
}
