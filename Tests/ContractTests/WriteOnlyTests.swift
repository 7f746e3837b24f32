import EventLoop
import HTTPServer
import Identity
import JSON
import TestSupport
import Testing

@testable import Service

/// T4: what the contract calls `writeOnly` is shown by no answer, approval, event, audit record or delivery.
/// The fields are those of the contract's request bodies, so that a new one is looked for by itself.
@Suite struct WriteOnlyTests {
    private static let canary = "kBcanary7Qx2write0only9Zk4secret"

    /// A field of an operation's body that is never shown.
    private struct Place {
        let operation: Contract.Operation
        let field: TextField
        let schema: JSONValue

        var name: String { "\(operation.name) \(field)" }
        var mayWait: Bool { operation.errorCodes.contains("approval_required") }

        /// As the field wants it.
        func text(_ number: Int) -> String {
            let pattern = schema["pattern"]?.asString ?? ""
            if pattern.hasPrefix("^[0-9]+:") { return "12345:\(canary)" }
            return pattern.hasSuffix("{32}$") ? canary : "\(canary)\(number)"
        }
    }

    private static func places() throws -> [Place] {
        let contract = try Contract.shared()
        return contract.operations.flatMap { operation in
            let schema = operation.body["requestBody"]?["content"]?["application/json"]?["schema"]
            let fields = TextField.writeOnly(of: schema ?? [:], in: contract)
            return fields.map { Place(operation: operation, field: $0.field, schema: $0.schema) }
        }
    }

    @Test func `the contract has fields that are never shown, wherever secrets are sent`() throws {
        let found = Set(try Self.places().compactMap { $0.field.path.last })
        let expected: Set = [
            "token", "password", "old_password", "secret", "passphrase", "routing_key", "totp", "code",
            "recovery_code", "pending", "share", "key", "any",
        ]
        #expect(found.isSuperset(of: expected), "\(expected.subtracting(found))")
    }

    /// What waits for approvals is shown to those who approve it.
    @Test func `a parked request shows none of them`() throws {
        let places = try Self.places().filter(\.mayWait)
        #expect(places.count > 10)
        for place in places {
            let content = place.operation.body["requestBody"]?["content"]?["application/json"]
            let body = place.field.set(place.text(1), in: content?["example"] ?? [:])
            #expect(body.text.contains(Self.canary))
            #expect(!Redaction.body(body.bytes).text.contains(Self.canary), "\(place.name)")
        }
    }

    @Test func `T4: no answer, list, event, record or approval shows any of them`() async throws {
        try await Premises.open(isRunning: true) { worker, premises in
            let stock = try await Stock(premises, on: worker)
            var tour = Tour(stock: stock)
            for place in try Self.places() { try await tour.visit(place.operation, place.field, place.text) }
            try await tour.addChannels()
            #expect(tour.taken > 5, "\(tour.answers.map(\.what))")
            try await tour.guardAll(Set(Self.places().compactMap(\.operation.id)))
            for place in try Self.places() where place.mayWait {
                try await tour.visit(place.operation, place.field, place.text, headers: Stock.waiting)
            }
            // What would be refused does not wait.
            #expect(tour.parked > 4)
            try await tour.readEverything()
            for (what, text) in tour.answers { #expect(!text.contains(Self.canary), "\(what): \(text)") }
        }
    }
}

/// Sends canaries everywhere, and keeps what is answered.
private struct Tour {
    let stock: Stock
    private(set) var answers: [(what: String, text: String)] = []
    private(set) var (taken, parked, sent) = (0, 0, 0)

    init(stock: Stock) { self.stock = stock }

    mutating func visit(
        _ operation: Contract.Operation, _ field: TextField, _ text: (Int) -> String,
        headers: [(name: String, value: String)] = []
    ) async throws {
        sent += 1
        var body = stock.fitted(
            operation.body["requestBody"]?["content"]?["application/json"]?["example"] ?? [:])
        for name in ["name", "label"] where body[name] != nil {
            body = TextField(path: [name]).set("canary \(sent)", in: body)
        }
        if body["credential"] != nil, field.path.first == "credential" {
            body = TextField(path: ["credential"]).clear(in: body)
            for (name, value) in [
                ("api_key", "an-api-key"), ("secret", "the-secret-beside-a-canary-\(sent)"),
            ] {
                body = TextField(path: ["credential", name]).set(value, in: body)
            }
        }
        body = field.set(text(sent), in: body)
        let match = ["PATCH", "PUT"].contains(operation.method) ? [(name: "if-match", value: "*")] : []
        let answer = try await stock.premises.insist(
            operation.method, stock.path(operation.path), as: stock.person(for: operation).token,
            headers: headers + match, body: body.text)
        note("\(operation.name) \(field)", answer)
    }

    /// Kinds of receivers that no example is of.
    mutating func addChannels() async throws {
        let canary = "kBcanary7Qx2write0only9Zk4secret"
        for channel in [
            #"{"kind":"pagerduty","url":"http://127.0.0.1:9/","channel":{"routing_key":"\#(canary)"}}"#,
            #"{"kind":"telegram","url":"http://127.0.0.1:9/","#
                + #""channel":{"chat_id":"-1","token":"1:\#(canary)"}}"#,
            #"{"url":"http://127.0.0.1:9/","headers":{"X-Auth":"\#(canary)"}}"#,
        ] {
            sent += 1
            let body = TextField(path: ["name"]).set("channel \(sent)", in: try JSONValue.parse(channel))
            note(
                "a channel",
                try await stock.premises.insist(
                    "POST", "/v1/webhooks", as: stock.owner.token, body: body.text))
        }
    }

    /// Whatever may wait for approvals does from now on.
    mutating func guardAll(_ ids: Set<String>) async throws {
        let actions = stock.premises.operations.filter { $0.canWait && ids.contains($0.id) }.map(\.id)
        let body: JSONValue = [
            "name": "everything", "actions": .array(actions.map { .string($0) }), "on": [:],
            "approvals": 1, "role": "owner",
        ]
        let made = try await stock.premises.insist(
            "POST", "/v1/approval-rules", as: stock.owner.token, body: body.text)
        #expect(made.status == 201, "\(made.text)")
    }

    mutating func readEverything() async throws {
        for operation in stock.premises.check.contract.operations where operation.method == "GET" {
            let answer = try await stock.premises.call(
                "GET", stock.path(operation.path), as: stock.owner.token)
            note(operation.name, answer)
        }
        for list in ["approvals", "events", "audit-records", "webhooks", "deliveries", "keys"] {
            var cursor: String?
            for page in 0..<20 {
                let next = cursor.map { list == "events" ? "&after=\($0)" : "&cursor=\($0)" } ?? ""
                let answer = try await stock.premises.call(
                    "GET", "/v1/\(list)?limit=200\(next)", as: stock.owner.token)
                note("\(list), page \(page)", answer)
                #expect(answer.status == 200, "\(list) \(answer.text)")
                cursor = answer.json["next_cursor"]?.asString
                if cursor == nil || answer.json["data"] == [] { break }
            }
        }
        let approvals = try await stock.premises.call(
            "GET", "/v1/approvals?limit=200", as: stock.owner.token)
        for approval in approvals.json["data"]?.asArray ?? [] {
            let path = "/v1/approvals/\(approval["id"]?.asString ?? "")"
            note(path, try await stock.premises.call("GET", path, as: stock.owner.token))
        }
    }

    private mutating func note(_ what: String, _ answer: TestAnswer) {
        if (200..<300).contains(answer.status) { taken += 1 }
        if answer.status == 202 { parked += 1 }
        answers.append((what, answer.text))
    }
}

extension TextField {
    /// The texts that the contract says nobody is shown.
    static func writeOnly(
        of schema: JSONValue, in contract: Contract
    ) -> [(field: TextField, schema: JSONValue)] {
        places(of: schema, [], contract, depth: 0)
    }

    private static func places(
        of schema: JSONValue, _ path: [String], _ contract: Contract, depth: Int
    ) -> [(field: TextField, schema: JSONValue)] {
        guard depth < 12 else { return [] }
        if schema["writeOnly"] == true { return [(TextField(path: path), schema)] }
        if let reference = schema["$ref"]?.asString {
            let target = contract.target(of: reference)
            return target.map { places(of: $0, path, contract, depth: depth + 1) } ?? []
        }
        var parts = ["oneOf", "anyOf", "allOf"].flatMap { name in
            (schema[name]?.asArray ?? []).map { (path, $0) }
        }
        parts += (schema["properties"]?.asObject?.members ?? []).map { (path + [$0.name], $0.value) }
        if let rest = schema["additionalProperties"], rest.asObject != nil {
            parts.append((path + ["any"], rest))
        }
        if let items = schema["items"] { parts.append((path + ["0"], items)) }
        var seen: Set<[String]> = []
        return parts.flatMap { places(of: $0.1, $0.0, contract, depth: depth + 1) }
            .filter { seen.insert($0.field.path).inserted }
    }

    /// The body with an empty object here.
    func clear(in body: JSONValue) -> JSONValue {
        guard let name = path.first, let object = body.asObject else { return body }
        var left = JSONObject()
        for member in object.members where member.name != name { _ = left.append(member.name, member.value) }
        return .object(left)
    }
}

extension JSONValue {
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}
