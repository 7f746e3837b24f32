import CLinux
import EventLoop
import Glibc
package import JSON
package import Postgres
import Synchronization

/// The built service as a process of its own, on loopback, in a folder of its own.
///
///     try await RunningNode.with(.scratch()) { node in
///         try await node.bootstrap()
///         let keys = try await node.must("GET", "/v1/keys")
///     }
package final class RunningNode: Sendable {
    package enum Store: Sendable {
        case privateCluster
        case database(DatabaseURL)

        /// A migrated database on the test process's scratch cluster.
        package static func scratch() async throws -> Store {
            .database(try await ScratchDatabase.make().url)
        }
    }

    package let folder: TestFolder
    package let port: UInt16
    private let store: Store
    private let settings: [String: String]
    /// A program that starts it, and becomes it.
    private let starter: [String]
    private let process = Mutex<TestProcess?>(nil)
    private let owner = Mutex<String>("")

    private init(_ store: Store, _ more: [String: String], _ starter: [String]) throws {
        self.starter = starter
        folder = try TestFolder()
        port = try OwnPorts.next()
        self.store = store
        var settings = [
            "KEYBELL_LISTEN": "127.0.0.1:\(port)", "KEYBELL_DATA_DIR": folder.file("data"),
            "KEYBELL_ROOT_KEY_FILE": folder.file("root.key"), "KEYBELL_PRIVATE_WEBHOOKS": "true",
            "KEYBELL_LOOPS": "2",
        ]
        if case .database(let url) = store { settings["KEYBELL_DATABASE_URL"] = url.text }
        self.settings = settings.merging(more) { _, own in own }
    }

    /// Starts a node, waits until it is ready, and ends it after `body`, however that ends.
    /// - Parameters:
    ///   - sealed: it is to come up without keys.
    ///   - starter: a command that gets the node's own behind it, and becomes it.
    package static func with<Result>(
        _ store: Store, _ settings: [String: String] = [:], sealed: Bool = false, by starter: [String] = [],
        _ body: (RunningNode) async throws -> Result
    ) async throws -> Result {
        let node = try RunningNode(store, settings, starter)
        let result: Swift.Result<Result, any Error>
        do {
            try await sealed ? node.startSealed() : node.start()
            result = .success(try await body(node))
        } catch {
            let log = node.log.suffix(3_000)
            result = .failure(Impatience("\(error)\nthe service's log ends so:\n\(log)"))
        }
        await node.close()
        return try result.get()
    }

    /// Nil with a private cluster.
    package var databaseURL: DatabaseURL? {
        if case .database(let url) = store { url } else { nil }
    }

    /// Everything that the process wrote, over all its starts.
    package var log: String { folder.read("service.log") ?? "" }
    package var isReady: Bool {
        get async { (try? await call("GET", "/readyz", token: nil))?.status == 200 }
    }

    // MARK: Life

    package func start() async throws {
        try await launch()
        try await wait(until: "the service is ready") {
            if let code = process.withLock({ $0?.exitCode() }) {
                throw Impatience("keybell serve ended with \(code)")
            }
            return await isReady
        }
    }

    /// Of a node that comes up without its keys: it answers, and is not ready.
    package func startSealed() async throws {
        try await launch()
        try await wait(until: "the service answers") {
            if let code = process.withLock({ $0?.exitCode() }) {
                throw Impatience("keybell serve ended with \(code)")
            }
            return (try? await call("GET", "/healthz", token: nil))?.status == 200
        }
    }

    /// Without waiting for readiness.
    package func launch() async throws {
        let started = try await TestProcess(
            starter + [Self.binary(), "serve"], environment: settings, log: folder.file("service.log"),
            lastSignal: "TERM")
        process.withLock { $0 = started }
    }

    /// kill -9, and the process is gone when this returns.
    package func killHard() async {
        let running = process.withLock { $0 }
        await running?.end()
    }

    /// 0 when nothing runs.
    package var pid: Int32 { process.withLock { $0?.pid ?? 0 } }

    package func signal(_ number: Int32) { process.withLock { $0 }?.signal(number) }

    package func exited() async throws -> Int32 {
        guard let running = process.withLock({ $0 }) else { throw Impatience("nothing runs") }
        return try await running.exited()
    }

    /// SIGTERM; the exit code, with the log where it is none of an orderly end.
    package func stop() async throws -> Int32 {
        signal(SIGTERM)
        let code = try await exited()
        if code != 0 { print("keybell serve ended with \(code); its log ends so:\n\(log.suffix(3_000))") }
        return code
    }

    private func close() async {
        await killHard()
        await endCluster()
        folder.remove()
    }

    // MARK: The private cluster

    /// The server's process, by its pid file; nil when it does not run.
    package var clusterPID: Int32? {
        let data = folder.file("data/postgres/data")
        guard let first = readWhole("\(data)/postmaster.pid")?.split(separator: "\n").first,
            let pid = Int32(first), pid > 1, linkTarget("/proc/\(pid)/cwd") == data
        else { return nil }
        return pid
    }

    /// kill -9 for the server, or an immediate stop; gone when this returns.
    package func endCluster(by number: Int32 = SIGQUIT) async {
        guard let pid = clusterPID else { return }
        kill(pid, number)
        try? await wait(until: "the server is gone", within: 30) { clusterPID != pid }
    }

    /// One of the binary's other commands, with the settings of this node.
    package func run(
        _ arguments: [String], _ more: [String: String] = [:]
    ) async throws -> (code: Int32, output: String) {
        try await runToEnd(
            [Self.binary()] + arguments, environment: settings.merging(more) { $1 }, in: folder)
    }

    // MARK: The binary

    /// Beside the test bundle, or where this package is built.
    package static func binary() throws -> String {
        let bundle = linkTarget("/proc/self/exe") ?? ""
        let beside = bundle.split(separator: "/").dropLast().joined(separator: "/")
        let places = ["/\(beside)/keybell", "\(projectFolder())/.build/debug/keybell"]
        guard let place = places.first(where: { access($0, X_OK) == 0 }) else {
            throw Impatience("no keybell binary: swift build makes it")
        }
        return place
    }
}

/// The folder of Package.swift, found through this file's own path.
package func projectFolder(_ path: String = #filePath) -> String {
    "/" + path.split(separator: "/").dropLast(3).joined(separator: "/")
}

private func linkTarget(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count - 1)
    return count > 0 ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
}

extension DatabaseURL {
    /// As a setting spells it; for servers on a socket without a password, or with one of plain letters.
    package var text: String {
        let secret = password.map { ":\($0)" } ?? ""
        let places = hosts.map(\.name).joined(separator: ",")
        return "postgres://\(user ?? "postgres")\(secret)@/\(database ?? "")?host=\(places)"
    }
}

// MARK: Calls

extension RunningNode {
    package enum Token: Sendable {
        case owner
        case text(String)
    }

    /// One request on a connection of its own; an answer of any status. Whoever is asked to prove that they
    /// are there does so.
    /// - Parameter token: the owner's unless another, or none, is given.
    package func call(
        _ method: String, _ target: String, _ body: JSONValue? = nil, token: Token? = .owner,
        headers: [(name: String, value: String)] = []
    ) async throws -> LoopbackMessage {
        let answer = try await once(method, target, body, token: token, headers: headers)
        return try await proven(answer, method, target, body, token: token, headers: headers)
    }

    func once(
        _ method: String, _ target: String, _ body: JSONValue? = nil, token: Token? = .owner,
        headers: [(name: String, value: String)] = []
    ) async throws -> LoopbackMessage {
        let json = body.map { (type: "application/json", bytes: $0.bytes) }
        return try await send(method, target, json?.bytes, type: json?.type, token: token, headers: headers)
    }

    package func send(
        _ method: String, _ target: String, _ body: [UInt8]?, type: String?, token: Token? = .owner,
        headers: [(name: String, value: String)] = []
    ) async throws -> LoopbackMessage {
        var all = headers
        if let type { all.append((name: "content-type", value: type)) }
        let head = head(method, target, length: body?.count, token: token, headers: all)
        let port = port
        return try await blockingThreads.run {
            let connection = try LoopbackConnection(to: port)
            try connection.send(Array(head.utf8) + (body ?? []))
            guard let answer = try connection.receive() else { throw LoopbackError.cut }
            return answer
        }
    }

    /// The head of a request that is the last on its connection.
    package func head(
        _ method: String, _ target: String, length: Int?, token: Token? = .owner,
        headers: [(name: String, value: String)] = []
    ) -> String {
        var head = "\(method) \(target) HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\nconnection: close\r\n"
        switch token {
        case .owner: head += "authorization: Bearer \(owner.withLock { $0 })\r\n"
        case .text(let text): head += "authorization: Bearer \(text)\r\n"
        case nil: break
        }
        if let length { head += "content-length: \(length)\r\n" }
        for header in headers { head += "\(header.name): \(header.value)\r\n" }
        return head + "\r\n"
    }

    /// Asks again for as long as the node is too busy (503), which has done nothing then.
    package func insist(
        _ method: String, _ target: String, _ body: JSONValue? = nil,
        headers: [(name: String, value: String)] = []
    ) async throws -> LoopbackMessage {
        try await eventually("\(method) \(target) is not refused for load") {
            let answer = try await call(method, target, body, headers: headers)
            return answer.status == 503 ? nil : answer
        }
    }

    /// The answer's JSON; anything but a 2xx is thrown.
    @discardableResult
    package func must(
        _ method: String, _ target: String, _ body: JSONValue? = nil, token: Token? = .owner
    ) async throws -> JSONValue {
        let answer = try await call(method, target, body, token: token)
        guard (200..<300).contains(answer.status) else {
            throw Impatience("\(method) \(target): \(answer.status) \(answer.text.prefix(800))")
        }
        return answer.json
    }

    /// Makes the first owner; later calls are theirs.
    @discardableResult
    package func bootstrap() async throws -> JSONValue {
        let secret = (folder.read("data/bootstrap-token") ?? "").prefix { $0 != "\n" }
        let made = try await must(
            "POST", "/v1/bootstrap", ["name": "First owner", "email": "owner@desk.example"],
            token: .text(String(secret)))
        try adopt(made["access_token"]?["token"]?.asString)
        return made
    }

    /// Later calls are by this access token, such as that of the owner whom another node made.
    package func adopt(_ token: String?) throws {
        guard let token else { throw Impatience("no access token") }
        owner.withLock { $0 = token }
    }

    package var ownerToken: String { owner.withLock { $0 } }
}
