import CLinux
package import EventLoop

/// Threads for what blocks: processes, sockets, files. They live as long as the test process, because a child
/// is told of the death of the *thread* that started it. More than any test holds at once.
package let blockingThreads: OffLoop = {
    do {
        return try OffLoop(threads: 24, limit: 10_000, name: "blocking")
    } catch {
        preconditionFailure("no threads for blocking calls: \(error)")
    }
}()

/// What a test waited for and did not see.
package struct Impatience: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Long enough for a machine that does much else. No test takes that long unless it fails.
package let patienceSeconds = 90

/// The first value that `look` gives, asked again every 20 ms.
package func eventually<Value>(
    _ what: String, within seconds: Int = patienceSeconds, _ look: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + .seconds(seconds)
    while true {
        if let value = try await look() { return value }
        guard ContinuousClock.now < end else { throw Impatience("not within \(seconds) s: \(what)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// Returns once `condition` holds.
package func wait(
    until what: String, within seconds: Int = patienceSeconds, _ condition: () async throws -> Bool
) async throws {
    try await eventually(what, within: seconds) { try await condition() ? () : nil }
}
