import CLinux
import Glibc
import Kernel
import Testing

@testable import EventLoop

/// Echoes what it reads: the smallest connection, to show how plain classes and tasks live on a loop.
private final class Echo: ReadinessHandler {
    let socket: Socket
    let readable = Wakeup()

    init(_ socket: consuming Socket) { self.socket = socket }

    func ready(_ readiness: Readiness) { readable.wake() }

    nonisolated(nonsending) func serve() async {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1_024, alignment: 1)
        defer { buffer.deallocate() }
        while true {
            switch socket.read(into: buffer) {
            case .bytes(let count): _ = socket.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            case .wouldBlock: await readable.wait()
            case .endOfStream, .failed: return
            }
        }
    }
}

extension Worker {
    fileprivate func listen() throws -> SocketAddress {
        let any = SocketAddress.ip(.init(v4: 0x7F00_0001), port: 0)
        let listener = try Listener(any, on: reactor) { socket, _ in
            let echo = Echo(socket)
            try? self.reactor.watch(echo.socket.descriptor, handler: echo)
            self.spawn {
                await echo.serve()
                self.reactor.unwatch(echo.socket.descriptor)
            }
        }
        keep(listener)
        return listener.address
    }

    private func keep(_ listener: Listener) {
        _ = reactor.schedule(afterNanoseconds: 60_000_000_000) { listener.close() }
    }

    fileprivate func order(of delays: [Int64]) async -> [Int64] {
        var fired: [Int64] = []
        let done = Wakeup()
        for delay in delays {
            _ = reactor.schedule(afterNanoseconds: delay) {
                fired.append(delay)
                if fired.count == delays.count { done.wake() }
            }
        }
        await done.wait()
        return fired
    }
}

@Suite struct WorkerTests {
    @Test func `timers fire in the order of their deadlines`() async throws {
        let worker = try Worker()
        worker.start(name: "test")
        defer { worker.stop() }
        #expect(
            await worker.order(of: [900_000_000, 300_000_000, 0, 600_000_000]) == [
                0, 300_000_000, 600_000_000, 900_000_000,
            ])
    }

    @Test func `a connection is served by a task on its loop`() async throws {
        let worker = try Worker()
        worker.start(name: "test")
        defer { worker.stop() }
        let address = try await worker.listen()
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(client) }
        #expect(address.withSockaddr { connect(client, $0, $1) } == 0)
        for text in ["one", "two"] {
            #expect(send(client, text, 3, 0) == 3)
            var reply = [UInt8](repeating: 0, count: 3)
            #expect(recv(client, &reply, 3, Int32(MSG_WAITALL)) == 3)
            #expect(String(decoding: reply, as: UTF8.self) == text)
        }
    }

    @Test func `work off the loop comes back with its result, and a full queue is refused`() async throws {
        let worker = try Worker()
        worker.start(name: "test")
        defer { worker.stop() }
        let pool = try OffLoop(threads: 1, limit: 2, name: "off")
        defer { pool.stop() }
        let sum = try await worker.run { _ in try await pool.run { 40 + 2 } }
        #expect(sum == 42)
        let empty = try OffLoop(threads: 1, limit: 0, name: "off")
        defer { empty.stop() }
        await #expect(throws: OffLoop.Failure.queueIsFull) { try await empty.run { 1 } }
    }
}

@Suite struct TimerQueueTests {
    @Test func `a seeded walk of adding, cancelling and firing agrees with a sorted list`() {
        var queue = TimerQueue()
        var model: [(deadline: UInt64, number: Int, id: TimerID)] = []
        var fired: [Int] = []
        var state: UInt64 = 42
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        for number in 0..<5_000 {
            switch next(3) {
            case 0, 1:
                let deadline = next(1_000)
                let id = queue.add(at: deadline) { fired.append(number) }
                model.append((deadline, number, id))
            default:
                guard !model.isEmpty else { continue }
                let victim = model.remove(at: Int(next(UInt64(model.count))))
                queue.cancel(victim.id)
            }
        }
        while let action = queue.popDue(at: 500) { action() }
        let due = model.filter { $0.deadline <= 500 }.sorted {
            ($0.deadline, $0.number) < ($1.deadline, $1.number)
        }
        #expect(fired == due.map(\.number))
        #expect(queue.count == model.count - due.count)
    }
}
