import EventLoop
import HTTPClient
import JSON
import Kernel

/// A node as the command line reaches it: by https, on this machine by http, or through its unix socket.
struct RemoteNode: Sendable {
    struct Mistake: Error, CustomStringConvertible { let description: String }

    let name: String
    private let way: Way
    private let authorities: String?

    private enum Way {
        case url(String)
        case socket(SocketAddress)
    }

    init(_ text: String, authorities: String?) throws(Mistake) {
        (name, self.authorities) = (text, authorities)
        if text.hasPrefix("unix:"), let address = SocketAddress(text) {
            way = .socket(address)
            return
        }
        let base = text.hasSuffix("/") ? String(text.dropLast()) : text
        let url: OutgoingURL
        do { url = try Self.url(base) } catch {
            throw Mistake(description: "\(text) cannot be used: \(error)")
        }
        guard !url.isPlain || Self.isHere(url) else {
            throw Mistake(description: "\(text): shares do not go over a network in clear; use https")
        }
        way = .url(base)
    }

    func status(on worker: Worker) async throws -> JSONValue {
        try await call(.get, "/v1/system/seal", nil, on: worker)
    }

    func bring(_ body: JSONValue, on worker: Worker) async throws -> JSONValue {
        try await call(.post, "/v1/system/unseal", body, on: worker)
    }

    private func call(
        _ method: OutgoingMethod, _ path: String, _ body: JSONValue?, on worker: Worker
    ) async throws -> JSONValue {
        let bytes = body.map { body in
            var w = JSONWriter()
            w.value(body)
            return w.bytes
        }
        switch way {
        case .socket(let address): return try Self.call(address, method, path, bytes ?? [])
        case .url(let base):
            let (url, authorities) = (try Self.url(base + path), authorities)
            return try await worker.run { worker in
                try await Self.call(url, method, bytes ?? [], authorities, worker.reactor)
            }
        }
    }

    /// The status that a GET of this https address is answered with. Whose certificate is not proven, by the
    /// system's authorities or those of a file, is not asked.
    static func status(ofPage text: String, authorities: String?) async throws -> Int {
        let worker = try Worker()
        worker.start(name: "kb-health")
        defer { worker.stop() }
        let page = try url(text)
        return try await worker.run { worker in
            try await send(page, .get, [], authorities, worker.reactor).status
        }
    }

    private static nonisolated(nonsending) func call(
        _ url: OutgoingURL, _ method: OutgoingMethod, _ body: [UInt8], _ authorities: String?,
        _ reactor: Reactor
    ) async throws -> JSONValue {
        try JSONValue.parse(try await send(url, method, body, authorities, reactor).body)
    }

    private static nonisolated(nonsending) func send(
        _ url: OutgoingURL, _ method: OutgoingMethod, _ body: [UInt8], _ authorities: String?,
        _ reactor: Reactor
    ) async throws -> OutgoingResponse {
        var settings = HTTPClient.Settings()
        settings.certificateAuthorityFile = authorities
        let offLoop = try OffLoop(threads: 1, limit: 4, name: "kb-resolve")
        defer { offLoop.stop() }
        let client = HTTPClient(
            on: reactor, resolver: .system(offLoop), addressGuard: AddressGuard(), settings: settings)
        var request = OutgoingRequest(
            method, url, headers: [OutgoingHeader("content-type", "application/json")], body: body,
            allowance: allowance(url.port), mayResend: false)
        request.responseLimits = .init(readBytes: answerBytes, keptBytes: answerBytes)
        return try await client.send(request)
    }

    private static func call(
        _ address: SocketAddress, _ method: OutgoingMethod, _ path: String, _ body: [UInt8]
    ) throws -> JSONValue {
        guard let socket = BlockingSocket(connectingTo: address, seconds: 10) else {
            throw Mistake(description: "nobody answers at \(address)")
        }
        let head =
            "\(method.rawValue) \(path) HTTP/1.0\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        socket.send("\(head)content-length: \(body.count)\r\n\r\n\(String(decoding: body, as: UTF8.self))")
        var answer = ""
        while answer.utf8.count < answerBytes {
            let more = socket.receive(atMost: answerBytes)
            if more.isEmpty { break }
            answer += more
        }
        guard let start = answer.firstRange(of: "\r\n\r\n") else {
            throw Mistake(description: "no answer from \(address)")
        }
        return try JSONValue.parse(Array(answer[start.upperBound...].utf8))
    }

    private static let answerBytes = 64 * 1_024

    private static func url(_ text: String) throws(URLRefusal) -> OutgoingURL {
        // The port is whatever the operator says: it is their own service.
        let port = text.split(separator: ":").last.flatMap { UInt16($0.prefix { $0.isNumber }) }
        return try OutgoingURL(text, allowance: allowance(port))
    }

    private static func allowance(_ port: UInt16?) -> Allowance {
        var allowance = Allowance.privateReceivers
        if let port { allowance.ports.insert(port) }
        return allowance
    }

    private static func isHere(_ url: OutgoingURL) -> Bool {
        switch url.host {
        case .address(let address): address.isLoopback
        case .name(let name): name == "localhost"
        }
    }
}
