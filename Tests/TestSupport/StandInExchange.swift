import EventLoop
import Glibc
package import JSON

/// The exchanges of `Tests/StandIn`, which check signatures by themselves, as a process on loopback.
///
///     try await StandInExchange.with { standIn in
///         try await standIn.register(.init(.binance, "some-key", .secret("…"), permissions: ["read"]))
///         … a service whose base URL for Binance is standIn.baseURL(.binance) …
///         #expect(try await standIn.counts(.binance)["accepted"] == 1)
///     }
package final class StandInExchange: Sendable {
    package enum Venue: String, CaseIterable, Sendable {
        case binance, bybit, okx, kraken, coinbase, kucoin, gate, bitget, mexc
    }

    /// How much longer than documented requests may be under way, so that a busy machine closes no window.
    private static let slackMilliseconds: Int64 = 60_000

    private let process: TestProcess
    private let controlPort: UInt16
    private let ports: [Venue: UInt16]
    let kuCoinFuturesPort: UInt16

    private init(
        _ process: TestProcess, controlPort: UInt16, ports: [Venue: UInt16], kuCoinFuturesPort: UInt16
    ) {
        (self.process, self.controlPort, self.ports) = (process, controlPort, ports)
        self.kuCoinFuturesPort = kuCoinFuturesPort
    }

    /// Starts one, and ends it after `body`, however that ends.
    package static func with<Result>(
        _ body: (StandInExchange) async throws -> Result
    ) async throws -> Result {
        let folder = try TestFolder()
        defer { folder.remove() }
        let process = try await TestProcess(
            ["/usr/bin/env", "python3", "-B", "\(projectFolder())/Tests/StandIn/standin.py"],
            log: folder.file("stand-in.log"))
        let result: Swift.Result<Result, any Error>
        do {
            let standIn = try await ready(process, folder)
            result = .success(try await body(standIn))
        } catch {
            let log = (folder.read("stand-in.log") ?? "").suffix(3_000)
            result = .failure(Impatience("\(error)\nthe stand-in exchange wrote:\n\(log)"))
        }
        await process.end(by: SIGTERM)
        return try result.get()
    }

    private static func ready(_ process: TestProcess, _ folder: TestFolder) async throws -> StandInExchange {
        let line = try await eventually("the stand-in exchange prints its ports") { () -> Substring? in
            if let code = process.exitCode() { throw Impatience("the stand-in exchange ended with \(code)") }
            guard let text = folder.read("stand-in.log"), let end = text.firstIndex(of: "\n") else {
                return nil
            }
            return text[..<end]
        }
        let printed = try JSONValue.parse(String(line))
        var ports: [Venue: UInt16] = [:]
        for venue in Venue.allCases { ports[venue] = port(printed["exchanges"]?[venue.rawValue]) }
        let futures = port(printed["exchanges"]?["kucoin_futures"])
        guard let control = port(printed["control"]), ports.count == Venue.allCases.count, let futures else {
            throw Impatience("no ports in \(line)")
        }
        let standIn = StandInExchange(
            process, controlPort: control, ports: ports, kuCoinFuturesPort: futures)
        try await standIn.letClockRun()
        return standIn
    }

    private static func port(_ value: JSONValue?) -> UInt16? {
        value?.asInt.flatMap { UInt16(exactly: $0) }
    }

    package var pid: Int32 { process.pid }

    package func port(_ venue: Venue) -> UInt16 { ports[venue] ?? 0 }

    /// For the setting that names an exchange's host: no path, no slash at the end.
    package func baseURL(_ venue: Venue) -> String { "http://127.0.0.1:\(port(venue))" }
}

// MARK: Control

extension StandInExchange {
    /// In place of a key of the same name.
    package func register(_ key: Key) async throws { try await control("POST", "/keys", key.json) }

    package func set(_ apiKey: String, of venue: Venue, to state: KeyState) async throws {
        try await control("POST", "/keys/state", Self.owner(venue, apiKey, state.rawValue))
    }

    /// In place of what was asked before.
    /// - Parameter apiKey: for this key's requests only.
    package func behave(_ behaviour: Behaviour, at venue: Venue, apiKey: String? = nil) async throws {
        let owner = [("exchange", JSONValue.string(venue.rawValue)), ("api_key", apiKey.map { .string($0) })]
        try await control("POST", "/behaviour", .object(of: owner + behaviour.members))
    }

    /// What came, in the order of arrival; the newest 10,000.
    package func requests(_ venue: Venue, apiKey: String? = nil, after number: Int64 = 0) async throws
        -> [Record]
    {
        let sought = JSONValue.object(of: [
            ("exchange", .string(venue.rawValue)), ("api_key", apiKey.map { .string($0) }),
            ("after", .number(JSONNumber(number))),
        ])
        let answer = try await control("GET", "/requests", sought)
        return answer["requests"]?.asArray?.map { Record($0) } ?? []
    }

    /// Verdicts, such as `accepted` or `signature`, and how often each was given.
    package func counts(_ venue: Venue, apiKey: String? = nil) async throws -> [String: Int64] {
        let answer = try await control("GET", "/counts", Self.owner(venue, apiKey))
        let members = answer["counts"]?.asObject?.members ?? []
        return Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value.asInt ?? 0) })
    }

    /// What was placed, cancelled or not.
    package func orders(_ venue: Venue, apiKey: String? = nil) async throws -> [JSONValue] {
        try await control("GET", "/orders", Self.owner(venue, apiKey))["orders"]?.asArray ?? []
    }

    /// The exchanges' clock stands at this moment; windows are as long as documented, and `slack` longer.
    package func freezeClock(atMilliseconds now: Int64, slack: Int64 = 0) async throws {
        let (now, slack) = (JSONNumber(now), JSONNumber(slack))
        try await control("POST", "/clock", ["now_ms": .number(now), "slack_ms": .number(slack)])
    }

    package func letClockRun() async throws {
        let slack = JSONNumber(Self.slackMilliseconds)
        try await control("POST", "/clock", ["now_ms": nil, "slack_ms": .number(slack)])
    }

    /// Forgets keys, requests, orders and behaviours.
    package func reset() async throws {
        try await control("POST", "/reset", [:])
        try await letClockRun()
    }

    private static func owner(_ venue: Venue, _ apiKey: String?, _ state: String? = nil) -> JSONValue {
        .object(of: [
            ("exchange", .string(venue.rawValue)), ("api_key", apiKey.map { .string($0) }),
            ("state", state.map { .string($0) }),
        ])
    }

    @discardableResult
    func control(_ method: String, _ path: String, _ values: JSONValue) async throws -> JSONValue {
        let body = values.bytes
        let head = "\(method) \(path) HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: \(body.count)\r\n\r\n"
        let port = controlPort
        let answer = try await blockingThreads.run {
            let connection = try LoopbackConnection(to: port)
            try connection.send(Array(head.utf8) + body)
            guard let answer = try connection.receive() else { throw LoopbackError.cut }
            return answer
        }
        guard answer.status == 200 else { throw Impatience("\(method) \(path): \(answer.text)") }
        return answer.json
    }
}
