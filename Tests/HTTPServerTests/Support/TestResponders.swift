import EventLoop
import HTTPServer
import Synchronization

/// What a handler has seen, for the test's thread to look at.
final class Observed<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    var value: Value {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    func change(_ body: (inout Value) -> Void) {
        state.withLock { value in body(&value) }
    }
}

extension Observed<Bool> {
    /// A handler waits for the test's leave.
    nonisolated(nonsending) func becomesTrue(_ reactor: Reactor) async {
        while !value { await reactor.sleep(nanoseconds: 1_000_000) }
    }
}

/// `GET /bytes/N` gives N bytes, `POST` gives the body back; everything else its own method and path.
@Sendable func echo(_ request: Request, _ reactor: Reactor) async -> Response {
    let path = request.head.path
    if path.hasPrefix("/bytes/"), let count = Int(path.dropFirst(7)) {
        return Response(.ok, type: "application/octet-stream", body: .bytes(pattern(count)))
    }
    guard request.head.method == .post else { return .text("\(request.head.method.name) \(path)") }
    return await collected(request, limit: 1 << 20)
}

/// The body, or the reason why there is none.
@Sendable func collected(_ request: Request, limit: Int) async -> Response {
    do throws(BodyError) {
        let body = try await request.body.collect(limit: limit)
        return Response(.ok, type: "text/plain", body: .bytes(body))
    } catch {
        return refusal(error)
    }
}

func refusal(_ error: BodyError) -> Response {
    let status: HTTPStatus
    switch error {
    case .tooLarge: status = .contentTooLarge
    case .encoding(let error): status = error.status
    case .unknownEncoding: status = .unsupportedMediaType
    case .timedOut: status = .requestTimeout
    case .unwelcome: status = .unauthorized
    case .refused, .disconnected: status = .badRequest
    }
    return Response(status, type: "text/plain", body: .bytes(Array("\(error)".utf8)))
}

/// Bytes in which no piece looks like another.
func pattern(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        for index in 0..<count { buffer[index] = UInt8(truncatingIfNeeded: index &* 31 &+ index >> 8) }
        initialized = count
    }
}
