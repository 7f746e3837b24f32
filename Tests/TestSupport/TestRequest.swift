package import Access
package import EventLoop
package import HTTPServer
package import JSON
package import Kernel

/// A request as a connection would make it, without a connection.
package func testRequest(
    _ method: String, _ target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
    at peer: SocketAddress = .ip(IPAddress(v4: 0x7F00_0001), port: 40_000)
) throws -> Request {
    var text = "\(method) \(target) HTTP/1.1\r\nhost: test\r\n"
    for header in headers { text += "\(header.name): \(header.value)\r\n" }
    var parser = RequestParser()
    let bytes = Array("\(text)\r\n".utf8)
    guard case .head(let head, _)? = try parser.next(bytes.span).event else {
        throw TestRequestFailure(text: "no head in \(text)")
    }
    return Request(
        head: head, peer: peer, isTLS: false, receivedAt: 0, id: "req_test", body: RequestBody(bytes: body))
}

package struct TestRequestFailure: Error { let text: String }

/// Calls operations as the service would, and gives what they throw as the answer that it becomes.
package struct TestCaller {
    private let router: Router<Requirement, Context>

    package init(_ operations: [Operation]) { router = Router(operations) }

    /// - Parameter body: JSON, sent with its content type; empty for none.
    package nonisolated(nonsending) func call(
        _ method: String, _ target: String, _ context: Context, headers: [(name: String, value: String)] = [],
        body: String = "", type: String = "application/json"
    ) async throws -> TestAnswer {
        let extra = body.isEmpty ? [] : [(name: "content-type", value: type)]
        return try await answer(
            try testRequest(method, target, headers: headers + extra, body: Array(body.utf8)), context)
    }

    package nonisolated(nonsending) func answer(
        _ request: Request, _ context: Context
    ) async throws -> TestAnswer {
        let segments = request.head.path.split(separator: "/").map(String.init)
        guard case .found(let index, let parameters) = router.match(request.head.method, segments)
        else {
            throw TestRequestFailure(text: "no operation at \(request.head.path)")
        }
        request.pathParameters = parameters
        do {
            // Who is there is settled before handlers come to it.
            var context = context
            context.isConfirmed = true
            return TestAnswer(try await router.operations[index].handle(request, context))
        } catch let problem as Problem {
            return TestAnswer(problem.response(requestID: request.id))
        } catch let mistakes as FieldErrors {
            return TestAnswer(
                Problem(.validationFailed, "", errors: mistakes.errors).response(requestID: request.id))
        }
    }
}

/// What an operation answered.
package struct TestAnswer {
    package let response: Response

    package init(_ response: Response) { self.response = response }

    package var status: Int { response.head.status.code }
    package var etag: String? { response.head[.etag] }

    package var text: String {
        if let bytes = response.body.bytes { return String(decoding: bytes, as: UTF8.self) }
        return ""
    }

    package var json: JSONValue { (try? JSONValue.parse(text)) ?? .null }

    /// The problem's code, of a refusal.
    package var code: String? { json["code"]?.asString }

    /// Where a refusal found mistakes.
    package var pointers: [String] { json["errors"]?.asArray?.compactMap { $0["pointer"]?.asString } ?? [] }
}

/// Somebody with these permissions; a user with a random id.
package func testContext(
    _ permissions: Set<Permission> = Set(Permission.allCases), at now: Timestamp = .testStart,
    principal: PrincipalID? = nil
) -> Context {
    let user = principal ?? PrincipalID(.user, UUID(at: now, entropy: .system))
    let actor = Actor(principal: user, accessToken: nil, address: IPAddress(v4: 0x0A01_0009))
    return Context(actor: actor, permissions: permissions, now: now, requestID: "req_test")
}

extension Timestamp {
    /// 2026-01-05T08:00:00Z.
    package static let testStart = Timestamp(seconds: 1_767_600_000)
}
