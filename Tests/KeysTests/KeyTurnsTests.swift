import Access
import Kernel
import Synchronization
import TestSupport
import Testing

@testable import Keys

@Suite struct KeyTurnsTests {
    private static let key = ExchangeKeyID(UUID(high: 1, low: 1))
    private let turns = KeyTurns()

    /// Waits for the turn, notes its name, and gives the turn back.
    private func waiter(_ name: String, first: Bool, _ order: Order) -> Task<Void, Never> {
        Task { [turns] in
            guard await turns.take(Self.key, first: first) else { return order.note("refused") }
            order.note(name)
            turns.giveBack(Self.key)
        }
    }

    private final class Order: Sendable {
        private let names = Mutex<[String]>([])

        var all: [String] { names.withLock { $0 } }

        func note(_ name: String) { names.withLock { $0.append(name) } }
    }

    private func wait(for count: Int) async throws {
        try await TestSupport.wait(until: "\(count) wait") { turns.waiting(Self.key) == count }
    }

    @Test func `exits are served before what opens, each in the order in which they came`() async throws {
        let order = Order()
        #expect(await turns.take(Self.key))
        var tasks: [Task<Void, Never>] = []
        for (name, isFirst) in [("opening", false), ("exit", true), ("later exit", true), ("last", false)] {
            tasks.append(waiter(name, first: isFirst, order))
            try await wait(for: tasks.count)
        }
        turns.giveBack(Self.key)
        for task in tasks { await task.value }
        #expect(order.all == ["exit", "later exit", "opening", "last"])
        #expect(await turns.take(Self.key))
    }

    @Test func `who waited long enough gives up, and takes nobody's turn`() async throws {
        let order = Order()
        #expect(await turns.take(Self.key))
        let other = waiter("other", first: false, order)
        try await wait(for: 1)
        #expect(await !turns.take(Self.key, first: true, limit: { giveUp in giveUp() }))
        #expect(turns.waiting(Self.key) == 1)
        turns.giveBack(Self.key)
        await other.value
        #expect(order.all == ["other"])
    }

    @Test func `a line that is full of what opens has room for an exit`() async throws {
        let order = Order()
        #expect(await turns.take(Self.key))
        var tasks: [Task<Void, Never>] = []
        for _ in 0..<KeyTurns.waitersAtMost { tasks.append(waiter("opening", first: false, order)) }
        try await wait(for: KeyTurns.waitersAtMost)
        #expect(await !turns.take(Self.key))
        tasks.append(waiter("exit", first: true, order))
        try await wait(for: KeyTurns.waitersAtMost + 1)
        turns.giveBack(Self.key)
        for task in tasks { await task.value }
        #expect(order.all.first == "exit" && order.all.count == tasks.count)
    }
}
