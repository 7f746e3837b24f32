import Testing

@testable import EventLoop

/// A task without the loop's preference hops through the global pool at each step, so that rings come at
/// every moment between a question and a suspension.
@Suite struct HopTests {
    private static let rounds = 2_000

    @Test func `no ring is lost between tasks of a loop`() async throws {
        let worker = try Worker()
        worker.start(name: "test")
        defer { worker.stop() }
        await worker.run { worker in
            let (ping, pong) = (Wakeup(), Wakeup())
            worker.spawn { await Self.exchange(ringing: ping, awaiting: pong) }
            await Self.exchange(ringing: pong, awaiting: ping)
        }
    }

    @Test func `no ring is lost between a loop's task and a bare one`() async throws {
        let worker = try Worker()
        worker.start(name: "test")
        defer { worker.stop() }
        await worker.run { worker in
            let (ping, pong) = (Wakeup(), Wakeup())
            Task {
                _ = worker
                await Self.exchange(ringing: ping, awaiting: pong)
            }
            await Self.exchange(ringing: pong, awaiting: ping)
        }
    }

    @Test func `a promise that is kept while somebody comes to ask is not missed`() async throws {
        let worker = try Worker()
        worker.start(name: "test")
        defer { worker.stop() }
        let sum = await worker.run { worker in
            var sum = 0
            for round in 0..<Self.rounds {
                let promise = Promise<Int>()
                worker.spawn { promise.fulfil(round) }
                sum += await promise.get()
            }
            return sum
        }
        #expect(sum == Self.rounds * (Self.rounds - 1) / 2)
    }

    private nonisolated(nonsending) static func exchange(ringing: Wakeup, awaiting: Wakeup) async {
        for _ in 0..<rounds {
            ringing.wake()
            await awaiting.wait()
        }
    }
}
