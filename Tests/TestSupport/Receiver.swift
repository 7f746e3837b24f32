import CLinux
import Glibc
package import JSON
import Synchronization

/// A webhook receiver on loopback that keeps what came and answers as its script says.
package final class Receiver: Sendable {
    package enum Reply: Sendable {
        case status(Int)
        /// With a body of JSON.
        case json(Int, String)
        /// Sent as it stands, head and all.
        case raw(String)
        /// No answer as long as the sender lives.
        case held
        /// The connection is reset.
        case reset
        /// Bytes for as long as the sender takes them.
        case endless(Endless)
    }

    package enum Endless: Sendable {
        /// Of a head, one by one.
        case drip
        /// Of a body of 100 MB, as many at once as fit.
        case flood
    }

    /// One request: an attempt at a message.
    package struct Attempt: Sendable {
        package let request: LoopbackMessage
        package var id: String { request.header("webhook-id") ?? "" }
        package var json: JSONValue { request.json }
        package var type: String { json["type"]?.asString ?? "" }
        package var data: JSONValue { json["data"] ?? .null }
    }

    package typealias Script = @Sendable (Attempt) -> Reply

    private struct Record {
        var accepted: [Attempt] = []
        var others: [Attempt] = []
        var hungUp: Set<Endless> = []
        var script: Script
    }

    package let url: String
    private let descriptor: Int32
    private let record: Mutex<Record>

    package init(_ script: @escaping Script = { _ in .status(204) }) throws {
        let (descriptor, port) = try listenOnLoopback()
        self.descriptor = descriptor
        url = "http://127.0.0.1:\(port)/keybell"
        record = Mutex(Record(script: script))
        startDetachedThread { [self] in acceptConnections() }
    }

    /// Ends the accepting thread; connections end with their senders.
    package func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// What was answered with a 2xx, in the order of arrival.
    package var accepted: [Attempt] { record.withLock { $0.accepted } }
    /// What was refused, or held.
    package var others: [Attempt] { record.withLock { $0.others } }

    /// Endless answers that a sender hung up on.
    package var hungUp: Set<Endless> { record.withLock { $0.hungUp } }

    package func answer(_ script: @escaping Script) { record.withLock { $0.script = script } }

    /// The first accepted message that fits.
    package func first(_ what: String, where fits: @escaping @Sendable (Attempt) -> Bool) async throws
        -> Attempt
    {
        try await eventually(what) { accepted.first(where: fits) }
    }

    private func acceptConnections() {
        while true {
            let connection = accept(descriptor, nil, nil)
            if connection < 0 {
                close(descriptor)
                return
            }
            startDetachedThread { [self] in serve(LoopbackConnection(owning: connection, seconds: 600)) }
        }
    }

    private func serve(_ connection: LoopbackConnection) {
        while let request = try? connection.receive() {
            let attempt = Attempt(request: request)
            let text: String
            switch judge(attempt) {
            case .status(let code): text = Self.answer(code, "")
            case .json(let code, let body): text = Self.answer(code, body)
            case .raw(let whole): text = whole
            case .held: return connection.waitForEnd()
            case .reset: return connection.reset()
            case .endless(let kind): return pour(kind, into: connection)
            }
            guard (try? connection.send(text)) != nil else { return }
        }
    }

    private static let floodBytes = 100 << 20

    private func pour(_ kind: Endless, into connection: LoopbackConnection) {
        do {
            switch kind {
            case .drip:
                try connection.send("HTTP/1.1 200 OK\r\nx-slow: ")
                while true {
                    try connection.send("a")
                    usleep(100_000)
                }
            case .flood:
                try connection.send("HTTP/1.1 200 OK\r\ncontent-length: \(Self.floodBytes)\r\n\r\n")
                let part = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
                for _ in 0..<Self.floodBytes / part.count { try connection.send(part) }
            }
        } catch {
            record.withLock { _ = $0.hungUp.insert(kind) }
        }
    }

    private static func answer(_ status: Int, _ body: String) -> String {
        "HTTP/1.1 \(status) Scripted\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func judge(_ attempt: Attempt) -> Reply {
        let reply = record.withLock { $0.script }(attempt)
        record.withLock { record in
            switch reply {
            case .status(200..<300), .json(200..<300, _): record.accepted.append(attempt)
            case .status, .json, .raw, .held, .reset, .endless: record.others.append(attempt)
            }
        }
        return reply
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func startDetachedThread(_ run: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let body = Unmanaged.passRetained(ThreadBody(run)).toOpaque()
    let code = pthread_create(&thread, nil, runThreadBody, body)
    precondition(code == 0, "no thread for a test's server")
    pthread_detach(thread)
}

private func runThreadBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
