import JSON
import Synchronization
import TestSupport
import Testing

extension IntegrationTests {
    /// One receiver that does whatever receivers do wrong, beside one that is well. `Scripts/soak` is the
    /// long form.
    @Suite struct SickReceiverTests {
        /// VmRSS of proc(5).
        private static func residentBytes(of pid: Int32) -> Int {
            let line = (readWhole("/proc/\(pid)/status") ?? "").split(separator: "\n").first {
                $0.hasPrefix("VmRSS:")
            }
            return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0)
                << 10
        }

        private static let replies: [Receiver.Reply] = [
            .status(200), .status(500), .held, .reset,
            .raw("HTTP/1.1 429 Slow\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"),
            // Never ends its head, in silence and drop by drop; never ends its body; is no HTTP at all.
            .raw("HTTP/1.1 200 OK\r\nx-slow: a"), .endless(.drip), .endless(.flood),
            .raw("SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        ]

        /// Of 60 events at such a receiver, whose floods alone are 100 MB each.
        private static let growthBytes = 64 << 20

        @Test func `a receiver that hangs, drips, resets, floods and refuses holds up nobody else`()
            async throws
        {
            let count = Mutex(0)
            let sick = try Receiver { _ in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                return Self.replies[number % Self.replies.count]
            }
            defer { sick.stop() }
            let well = try Receiver()
            defer { well.stop() }
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                for (name, receiver) in [("sick", sick), ("well", well)] {
                    try await node.must(
                        "POST", "/v1/webhooks",
                        ["url": .string(receiver.url), "name": .string(name), "event_types": ["custom.*"]])
                }
                try await node.pushAll(1_000..<1_010)
                try await wait(until: "the node is warm") { well.accepted.count == 10 }
                let before = Self.residentBytes(of: node.pid)
                try await node.pushAll(0..<60)
                try await wait(until: "everything at the one that is well") {
                    well.numbers.isSuperset(of: 0..<60)
                }
                // Each once: what befell the other is no reason to send again.
                #expect(well.accepted.count == 70)
                try await wait(until: "every way of the other") {
                    count.withLock { $0 } >= Self.replies.count
                }
                try await wait(until: "no more is taken of what does not end") {
                    sick.hungUp == [.drip, .flood]
                }
                #expect(try await node.call("GET", "/v1/me").status == 200)
                #expect(Self.residentBytes(of: node.pid) - before < Self.growthBytes)
            }
        }
    }
}
