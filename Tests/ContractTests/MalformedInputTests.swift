import Access
import HTTPServer
import JSON
import TestSupport
import Testing

@testable import Service

/// What does not have the form that the contract gives it is refused, whatever the request is about.
struct MalformedInputTests {
    @Test(arguments: ["", "1", "\"1", "\"1\"2\"", "\"1\",2", ","])
    func `an If-Match that names no ETag is refused before anything is done`(value: String) async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            for operation in premises.operations where operation.requires != .none {
                let answer = try await premises.knock(
                    operation, as: owner.token, headers: [(name: "if-match", value: value)])
                #expect(answer.status == 400, "\(operation.id)")
                let pointer = answer.json["errors"]?.asArray?.first?["pointer"]?.asString
                #expect(pointer == "header:If-Match", "\(operation.id): \(answer.text)")
            }
            #expect(premises.mistakes == [])
        }
    }

    @Test func `an If-Match that names no ETag is refused also where the state needs no change`() async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let made = try await premises.call(
                "POST", "/v1/service-accounts", as: owner.token,
                body: #"{"name":"mm-btc","purpose":"makes markets"}"#)
            let path = "/v1/service-accounts/\(made.json["id"]?.asString ?? "")/enable"
            let answer = try await premises.call(
                "POST", path, as: owner.token, headers: [(name: "if-match", value: "")])
            #expect(answer.status == 400, "\(answer.text)")
        }
    }

    @Test func `whoever may not enter is not told what is wrong with their If-Match`() async throws {
        try await Premises.open { _, premises in
            let answer = try await premises.call(
                "GET", "/v1/users", headers: [(name: "if-match", value: "1")])
            #expect(answer.status == 401)
        }
    }

    @Test(arguments: ["000", "key", "key.", ".key", "key..revoked", "Key.revoked", "key.revoked%20", "1.a"])
    func `deliveries are not searched for what is no event type`(type: String) async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let answer = try await premises.call(
                "GET", "/v1/deliveries?event_type=\(type)", as: owner.token)
            #expect(answer.status == 400, "\(answer.text)")
            #expect(premises.mistakes == [])
        }
    }

    @Test(arguments: ["key.revoked", "webhook.test", "custom.a_1"])
    func `deliveries of any message are found by its type`(type: String) async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let answer = try await premises.call(
                "GET", "/v1/deliveries?event_type=\(type)", as: owner.token)
            #expect(answer.status == 200, "\(answer.text)")
        }
    }

    @Test(arguments: [
        ("users", #"{"name":"Ann","email":"ann@desk.example","role":null}"#),
        ("service-accounts", #"{"name":"mm","purpose":"a","owner_id":null,"role":null,"expires_at":null}"#),
        ("access-tokens", #"{"name":"mm","principal_id":null,"scopes":null,"cidrs":null}"#),
        (
            "keys",
            #"""
            {"exchange":"binance","account":"main","label":"mm","environment":"live","owner_id":null,
             "tags":null,"permissions":null,"ip_allow_list":null,"rotation":null,"readable":null,
             "credential":null}
            """#
        ),
        (
            "webhooks",
            #"{"name":"ops","url":"https://hooks.desk.example/x","event_types":null,"format":null}"#
        ),
        (
            "alert-rules",
            #"""
            {"name":"any","severity":"info","on":["custom.a"],"when":null,"group_by":null,"cooldown":null,
             "labels":null,"send_to":null,"security":null,"retroactive":null,"tests":null,
             "window":null}
            """#
        ),
        ("events", #"{"type":"custom.a","subject":null,"data":null}"#),
    ])
    func `null stands for a field that is left out`(path: String, body: String) async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let answer = try await premises.call("POST", "/v1/\(path)", as: owner.token, body: body)
            #expect(answer.status == 201, "\(answer.text)")
            #expect(premises.mistakes == [])
        }
    }
}
