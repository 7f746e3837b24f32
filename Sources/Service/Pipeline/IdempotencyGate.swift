import Access
import Crypto
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Signing

/// Requests that carry an Idempotency-Key: the same request again gets the first one's answer.
final class IdempotencyGate {
    private let database: Database
    private let sight: RepeatSight
    private let log: Log

    init(database: Database, log: Log) {
        (self.database, sight) = (database, RepeatSight(database: database))
        self.log = log
    }

    /// Puts the claim into the context. An answer: it was made before, this is what it got. Who has no
    /// principal yet, with an invitation, has the claim kept beside what they present.
    func begin(_ request: Request, _ operation: Operation, _ context: inout Context) async throws -> Response?
    {
        guard operation.method == .post, let key = try Self.key(of: request), operation.repeats != .nothing
        else { return nil }
        let body = try await request.body.collect(limit: operation.bodyLimit)
        request.body = RequestBody(bytes: body)
        // What is asked may stand in the query and in its condition, too.
        let beside = [request.head.query ?? "", request.head.headers[.ifMatch] ?? ""]
        let isBare = beside.allSatisfy(\.isEmpty) && operation.repeats != .sending
        let asked = isBare ? body : Array((beside.joined(separator: "\n") + "\n").utf8) + body
        context.idempotency = IdempotencyClaim(
            method: operation.method.name, path: request.head.path, key: key, bodyDigest: SHA256.hash(asked))
        guard let earlier = try await IdempotencyKeys.find(context, in: database) else { return nil }
        try await sight.check(request, operation, earlier, context)
        if operation.repeats == .sending { throw try await sent(earlier, context) }
        return try replay(earlier, operation, context)
    }

    /// Checked also where it has no use: whoever sends a wrong one believes in it.
    private static func key(of request: Request) throws(Problem) -> String? {
        guard let key = request.head.headers[.idempotencyKey] else { return nil }
        guard request.head.headers.all(.idempotencyKey).count == 1 else {
            throw .malformedHeader("Idempotency-Key", "must be there once")
        }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .malformedHeader("Idempotency-Key", "must be 1 to 255 visible ASCII characters")
        }
        return key
    }

    private nonisolated(nonsending) func sent(
        _ earlier: IdempotencyKeys.Earlier, _ context: Context
    ) async throws -> Problem {
        guard earlier.bodyDigest == context.idempotency?.bodyDigest else { return Self.reused }
        let usage = earlier.resource.flatMap { UsageID($0) }
        var outcome: String?
        if let usage { outcome = try await UsageFate.read(usage, in: database.vital) }
        var headers: [(HeaderName, String)] = []
        if let usage { headers.append(("keybell-usage-id", usage.description)) }
        let told = outcome.map { " Its outcome: \($0)." } ?? ""
        return Problem(
            .alreadySent,
            "A request with this Idempotency-Key was recorded, and is not sent again.\(told)",
            members: [
                ("usage_id", usage.map { .string($0.description) } ?? .null),
                ("outcome", outcome.map { .string($0) } ?? .null),
            ],
            headers: headers)
    }

    private static let reused = Problem(
        .idempotencyKeyReused, "The first request with this key had another body.")

    private func replay(
        _ earlier: IdempotencyKeys.Earlier, _ operation: Operation, _ context: Context
    ) throws -> Response {
        guard earlier.bodyDigest == context.idempotency?.bodyDigest else {
            throw Self.reused
        }
        guard let answer = earlier.answer, let status = HTTPStatus(code: answer.status) else {
            let id = earlier.resource.map { JSONValue.string($0) } ?? .null
            // Between the commit and its answer's keeping, an answer that is kept is on its way.
            guard operation.repeats == .answer else {
                throw Problem(.alreadyDone, "The first request succeeded.", members: [("resource_id", id)])
            }
            throw Problem(
                .idempotencyInFlight, "The first request succeeded, and its answer is not kept yet.",
                members: [("resource_id", id)])
        }
        var response = Response(status, body: answer.body.isEmpty ? .none : .bytes(answer.body))
        if let headers = try? JSONValue.parse(answer.headers).asObject {
            for member in headers.members {
                guard let name = HeaderName(parsing: member.name), let value = member.value.asString else {
                    continue
                }
                response.head.add(name, value)
            }
        }
        return response.header("idempotent-replayed", "true")
    }

    /// Keeps the answer for repeats. Losing it is harmless: a repeat is then told that it was made.
    func keep(_ response: Response, _ operation: Operation, _ context: Context) async {
        guard context.idempotency != nil, operation.repeats == .answer, response.head.status.code < 300 else {
            return
        }
        var body: [UInt8] = []
        if case .bytes(let bytes) = response.body { body = bytes }
        var headers = JSONWriter()
        headers.object { w in for field in response.head.fields { w.field(field.name.text, field.value) } }
        let answer = IdempotencyKeys.Answer(
            status: response.head.status.code, headers: headers.bytes, body: body)
        do {
            try await IdempotencyKeys.store(answer, for: context, in: database)
        } catch {
            log.warning("an idempotent answer was not kept", ["error": .text("\(error)")])
        }
    }
}
