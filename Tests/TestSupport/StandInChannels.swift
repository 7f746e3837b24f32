import EventLoop
import Glibc
package import JSON

/// Chat, paging and mail as `Tests/StandIn/channels` has them, as a process on loopback: a message that
/// breaks what a maker documents is refused.
package final class StandInChannels: Sendable {
    private let ports: [String: UInt16]
    /// Of the mail servers, in PEM.
    package let authority: String

    private init(_ printed: JSONValue) throws {
        let members = printed["ports"]?.asObject?.members ?? []
        ports = Dictionary(
            uniqueKeysWithValues: members.map {
                ($0.name, $0.value.asInt.flatMap { UInt16(exactly: $0) } ?? 0)
            })
        authority = printed["authority"]?.asString ?? ""
        guard ports.count == 4, !authority.isEmpty else { throw Impatience("no ports in \(printed)") }
    }

    /// Starts it, and ends it after `body`, however that ends.
    package static func with<Result>(_ body: (StandInChannels) async throws -> Result) async throws -> Result
    {
        let folder = try TestFolder()
        defer { folder.remove() }
        let program = "\(projectFolder())/Tests/StandIn/channels/standin.py"
        let process = try await TestProcess(
            ["/usr/bin/env", "python3", "-B", program, folder.path], log: folder.file("channels.log"))
        let result: Swift.Result<Result, any Error>
        do {
            let line = try await eventually("the stand-in channels print their ports") { () -> Substring? in
                if let code = process.exitCode() { throw Impatience("the stand-in ended with \(code)") }
                let text = folder.read("channels.log") ?? ""
                return text.firstIndex(of: "\n").map { text[..<$0] }
            }
            result = .success(try await body(StandInChannels(JSONValue.parse(String(line)))))
        } catch {
            let log = (folder.read("channels.log") ?? "").suffix(3_000)
            result = .failure(Impatience("\(error)\nthe stand-in channels wrote:\n\(log)"))
        }
        await process.end(by: SIGTERM)
        return try result.get()
    }

    /// `http`, or one of the mail servers `smtp`, `smtps` and `plain`, which knows no TLS.
    package func port(_ name: String) -> UInt16 { ports[name] ?? 0 }

    package func url(_ path: String) -> String { "http://127.0.0.1:\(port("http"))\(path)" }

    /// What came to a maker, in order: `verdict` and `body`.
    package func entries(_ maker: String) async throws -> [JSONValue] {
        let entries = try await ask("GET", "/journal", nil)["entries"]?.asArray ?? []
        return entries.filter { $0["maker"]?.asString == maker }
    }

    /// Of messages that were taken.
    package func accepted(_ maker: String) async throws -> [JSONValue] {
        try await entries(maker).filter { $0["verdict"]?.asString == "accepted" }.compactMap { $0["body"] }
    }

    package func mails() async throws -> [JSONValue] {
        try await ask("GET", "/mails", nil)["mails"]?.asArray ?? []
    }

    /// What mail servers were told, line by line.
    package func mailLines() async throws -> [String] {
        try await ask("GET", "/mails", nil)["lines"]?.asArray?.compactMap(\.asString) ?? []
    }

    /// Has a maker answer that, so many times.
    package func behave(
        _ maker: String, status: Int, headers: JSONValue = [:], body: String = "", times: Int = 1
    ) async throws {
        let wanted: JSONValue = [
            "maker": .string(maker), "status": .number(JSONNumber(status)), "headers": headers,
            "body": .string(body), "times": .number(JSONNumber(times)),
        ]
        _ = try await ask("POST", "/behave", wanted)
    }

    private func ask(_ method: String, _ path: String, _ values: JSONValue?) async throws -> JSONValue {
        let body = values?.bytes ?? []
        let head = "\(method) \(path) HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: \(body.count)\r\n\r\n"
        let port = port("http")
        let answer = try await blockingThreads.run {
            let connection = try LoopbackConnection(to: port)
            try connection.send(Array(head.utf8) + body)
            guard let answer = try connection.receive() else { throw LoopbackError.cut }
            return answer
        }
        return answer.json
    }
}
