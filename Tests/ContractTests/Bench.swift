import HTTPServer
import JSON
import TestSupport
import Testing

/// Tries texts in the fields of one operation's body, each on a thing of its own.
struct Bench {
    let stock: Stock
    let operation: Contract.Operation
    private var count = 0

    init(stock: Stock, operation: Contract.Operation) { (self.stock, self.operation) = (stock, operation) }

    private var content: JSONValue? { operation.body["requestBody"]?["content"]?["application/json"] }

    /// The contract's, with what else its fields stand in.
    private var example: JSONValue {
        let example = content?["example"].map(stock.fitted) ?? [:]
        if content?["schema"]?["$ref"]?.asString?.hasSuffix("/PolicyDocument") == true {
            return Self.wholePolicy
        }
        var all = example.asObject ?? JSONObject()
        if operation.id == "updateAlertRule" {
            _ = all.append("tests", [["event": ["type": "custom.none", "text": "a"], "expect": "fires"]])
        }
        if ["createAlertRule", "updateAlertRule"].contains(operation.id) {
            let action: JSONValue = ["do": "set_mode", "mode": "reduce_only", "keys": ["tags": ["none"]]]
            _ = all.append("actions", [action])
        }
        return .object(all)
    }

    /// With what its fields stand in.
    private static let wholePolicy: JSONValue = [
        "operations": ["read"], "orders": ["max_notional": ["amount": "1", "currency": "USD"]],
        "withdrawals": ["destinations": [["asset": "BTC", "network": "BTC", "address": "a", "tag": "b"]]],
        "hours": ["windows": [["days": ["mon"], "from": "08:00", "to": "17:00", "time_zone": "UTC"]]],
        "limits": [["count": "orders", "max": "1", "per": "1m"]],
        "when": ["expression": "true", "applies_to": "all"],
        "deny": [["name": "a", "when": "false", "applies_to": "all"]], "log_only": ["limits.1"],
    ]

    /// Several events, or keys, are read as each of them is.
    var fields: [TextField] {
        TextField.all(of: content?["schema"] ?? [:], example, in: stock.premises.check.contract)
            .filter { !["events", "entries"].contains($0.path.first) }
            // A client's own name of an event is compared, and never shown.
            .filter { operation.id != "pushEvents" || $0.path != ["id"] }
    }

    /// The text comes back as it is, in the answer and whenever the thing is read again; or the refusal
    /// points at its field.
    mutating func attempt(_ text: String, in field: TextField) async throws {
        let path = try await preparedPath()
        let text = distinct(text, in: field)
        var headers: [(name: String, value: String)] = []
        if operation.method == "PATCH" {
            let current = try await call("GET", path)
            headers.append((name: "if-match", value: try #require(current.etag, "\(path)")))
        } else if operation.errorCodes.contains("precondition_required") {
            headers.append((name: "if-match", value: "*"))
        }
        let body = field.set(text, in: distinct(example))
        let answer = try await stock.premises.insist(
            operation.method, path, as: stock.person(for: operation).token, headers: headers,
            body: String(decoding: body.bytes, as: UTF8.self))
        let what: Comment = "\(operation.name) \(field): \(text.prefix(80).debugDescription) \(answer.text)"
        if (200..<300).contains(answer.status) {
            #expect(!text.utf8.contains(0), what)
            if isSecret(field) {
                #expect(!answer.json.holds(text), what)
            } else {
                #expect(try await isKept(text, field, answer, path), what)
            }
        } else {
            let isTaken = isSecret(field) && answer.json["code"]?.asString == "duplicate_secret"
            #expect(isTaken || [400, 422].contains(answer.status), what)
            #expect(answer.pointers.contains { isAbout(field, $0) }, what)
        }
    }

    /// What is sealed comes back in no answer.
    private func isSecret(_ field: TextField) -> Bool {
        ["credential", "api_key", "headers"].contains(field.path.first) && field.path.last != "kind"
    }

    private func isAbout(_ field: TextField, _ pointer: String) -> Bool {
        !pointer.isEmpty && (field.pointer.hasPrefix(pointer) || pointer.hasPrefix(field.pointer))
    }

    /// A reason is told by the audit trail where the thing itself does not show it.
    private func isKept(
        _ text: String, _ field: TextField, _ answer: TestAnswer, _ path: String
    ) async throws -> Bool {
        guard answer.json.holds(text) else {
            guard [["reason"], ["accept_risks"], ["note"]].contains(field.path) else { return false }
            let trail = try await call("GET", "/v1/audit-records?limit=5")
            return trail.json.holds(text)
        }
        if let place = answer.response.head[.location] {
            return try await call("GET", place).json.holds(text)
        }
        if operation.method == "PATCH" { return try await call("GET", path).json.holds(text) }
        return true
    }

    private func call(_ method: String, _ path: String, _ body: String = "") async throws -> TestAnswer {
        let person = path == "/v1/break-glass" ? stock.keeper : stock.owner
        return try await stock.premises.insist(method, path, as: person.token, body: body)
    }

    // MARK: Something to try on

    /// Names and addresses are taken once; a number behind the first character keeps both ends as they are.
    private func distinct(_ text: String, in field: TextField) -> String {
        guard let name = field.path.first, ["name", "label", "email"].contains(name) else { return text }
        return "\(text.prefix(1))\(operation.id ?? "")\(count)\(text.dropFirst())"
    }

    private mutating func distinct(_ example: JSONValue) -> JSONValue {
        guard operation.method == "POST" || operation.id == "replaceRoute" else { return example }
        count += 1
        var body = example
        for name in ["name", "label"] where example[name] != nil {
            let isRole = operation.id == "createRole"
            let own = isRole ? "\(name)-\(count)" : "\(name) \(operation.id ?? "") \(count)"
            body = TextField(path: [name]).set(own, in: body)
        }
        if let secret = example["credential"]?["secret"]?.asString {
            body = TextField(path: ["credential", "secret"]).set("\(secret)\(count)", in: body)
        }
        if example["email"] != nil {
            body = TextField(path: ["email"]).set("e\(count)@desk.example", in: body)
        }
        return body
    }

    /// The operation's path with a fresh thing in it, in the state that the operation takes.
    private mutating func preparedPath() async throws -> String {
        count += 1
        if operation.path.hasPrefix("/v1/approvals/{approval_id}/") {
            let isOwn = operation.id == "cancelApproval"
            let id = try await stock.park(by: isOwn ? stock.owner : stock.asker)
            return operation.path.replacing("{approval_id}", with: id)
        }
        guard let (make, body, name) = maker else {
            let path = stock.path(operation.path)
            try await bring(path)
            return path
        }
        var id: String?
        if name == "alert_id" {
            _ = try await call("POST", make, body)
            id = try await call("GET", "/v1/alerts?limit=1&sort=-first_at").json["data"]?[0]?["id"]?.asString
        } else {
            let made = try await call("POST", make, body)
            id = try #require(made.json["id"]?.asString, "\(make) \(made.text)")
        }
        let path = operation.path.replacing("{\(name)}", with: try #require(id))
        try await bring(path)
        let ready = path.replacing("{version}", with: "2")
        return ready.contains("{rotation_id}") ? try await rotating(ready) : ready
    }

    private func rotating(_ path: String) async throws -> String {
        let all = String(path.prefix { $0 != "{" }.dropLast())
        let opened = try await call("POST", all, #"{"credential":{"kind":"ed25519","generate":true}}"#)
        return path.replacing(
            "{rotation_id}", with: try #require(opened.json["id"]?.asString, "\(opened.text)"))
    }

    private func bring(_ path: String) async throws {
        let thing = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        switch operation.id {
        case "enableUser", "enableServiceAccount":
            #expect(try await call("POST", thing + "/disable").status == 200)
        case "activateKey":
            #expect(try await call("POST", thing + "/suspend", #"{"reason":"a"}"#).status == 200)
        case "activateKeyVersion", "destroyKeyVersion":
            let key = path.prefix { $0 != "{" }.dropLast()
            let body =
                operation.id == "activateKeyVersion"
                ? #"{"credential":{"kind":"ed25519","generate":true}}"#
                : #"{"credential":{"api_key":"bench-api-key","secret":"the-second-secret-\#(count)"}}"#
            #expect(try await call("POST", String(key), body).status == 201)
        case "replayKeyPolicyDraft", "replayAccountPolicyDraft", "replayDeskPolicyDraft",
            "publishKeyPolicyDraft", "publishAccountPolicyDraft",
            "publishDeskPolicyDraft", "revertKeyPolicy", "revertAccountPolicy", "revertDeskPolicy":
            let put = try await stock.premises.call(
                "PUT", thing, as: stock.owner.token, headers: [(name: "if-match", value: "*")],
                body: #"{"operations":["read"]}"#)
            #expect(put.status == 200, "\(thing) \(put.text)")
        case "resumePriceSource": try await stock.suspendPrices()
        case "disableAlertRule": #expect(try await call("POST", thing + "/enable").status == 200)
        default: break
        }
    }

    /// How to make what the path names; nil when it names nothing, or something that may stay.
    private var maker: (path: String, body: String, parameter: String)? {
        let own = "\(operation.id ?? "") thing \(count)"
        return switch operation.path.split(separator: "/").dropFirst(2).first {
        case "{user_id}":
            ("/v1/users", #"{"name":"\#(own)","email":"\#(operation.id ?? "")\#(count)@a"}"#, "user_id")
        case "{service_account_id}":
            ("/v1/service-accounts", #"{"name":"\#(own)","purpose":"a"}"#, "service_account_id")
        case "{break_glass_id}": ("/v1/break-glass", #"{"name":"\#(own)"}"#, "break_glass_id")
        case "{access_token_id}": ("/v1/access-tokens", #"{"name":"\#(own)"}"#, "access_token_id")
        case "{key_id}":
            (
                "/v1/keys",
                """
                {"exchange":"binance","account":"\(own)","label":"mm-btc spot","environment":"demo",\
                "readable":true,\
                "credential":{"api_key":"bench-api-key","secret":"the-secret-of-\(own.filter { $0 != " " })"}}
                """, "key_id"
            )
        case "{webhook_id}":
            ("/v1/webhooks", #"{"name":"\#(own)","url":"http://127.0.0.1:9/"}"#, "webhook_id")
        case "{rule_id}":
            ("/v1/alert-rules", #"{"name":"\#(own)","severity":"info","on":["custom.none"]}"#, "rule_id")
        case "{route_id}":
            (
                "/v1/routes",
                #"{"name":"\#(own)","webhook_ids":["\#(stock.ids["webhook_id"] ?? "")"]}"#, "route_id"
            )
        case "{alert_id}":
            (
                "/v1/events",
                #"{"type":"custom.\#(operation.id?.lowercased() ?? "")\#(count)","data":{"balance":1}}"#,
                "alert_id"
            )
        default: nil
        }
    }
}
