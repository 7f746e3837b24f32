import Access
import HTTPServer
import JSON
import Postgres
import TestSupport
import Testing

@testable import Service

/// What is shown once is shown once: a repeat under the same Idempotency-Key does not get it again, and it is
/// stored nowhere as it was shown.
struct ShownOnceTests {
    private static let key = [(name: "idempotency-key", value: "one-and-only")]

    @Test func `exactly the answers that carry a secret are refused to repeats`() async throws {
        let contract = try Contract.shared().operations.filter { $0.errorCodes.contains("already_done") }
        let router = try await Premises.open { _, premises in
            premises.operations.filter { $0.repeats == .refusal }.map(\.id)
        }
        #expect(Set(router) == Set(contract.compactMap(\.id)))
        #expect(router.count == 22)
    }

    @Test(arguments: [
        ("/v1/users", #"{"name":"Ann","email":"ann@desk.example"}"#),
        ("/v1/access-tokens", #"{"name":"mine"}"#),
        ("/v1/webhooks", #"{"name":"ops","url":"https://hooks.desk.example/keybell"}"#),
    ])
    func `a repeat is told the resource, and the secret stands in no row`(path: String, body: String)
        async throws
    {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let first = try await premises.call(
                "POST", path, as: owner.token, headers: Self.key, body: body)
            #expect(first.status == 201, "\(first.text)")
            #expect(first.response.head[.cacheControl] == "no-store")
            let again = try await premises.call(
                "POST", path, as: owner.token, headers: Self.key, body: body)
            #expect(again.status == 409 && again.code == "already_done", "\(again.text)")
            #expect(again.json["resource_id"] == first.json["id"])
            #expect(try await premises.keptAnswers() == 0)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `the token of a deposit link is not shown to a repeat either`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let key = try await premises.call(
                "POST", "/v1/keys", as: owner.token,
                body: #"{"exchange":"okx","account":"main","label":"a","environment":"live"}"#)
            let path = "/v1/keys/\(key.json["id"]?.asString ?? "")/deposits"
            let first = try await premises.call("POST", path, as: owner.token, headers: Self.key)
            #expect(first.status == 201 && first.response.head[.cacheControl] == "no-store", "\(first.text)")
            let again = try await premises.call("POST", path, as: owner.token, headers: Self.key)
            #expect(again.code == "already_done" && again.json["resource_id"] == first.json["id"])
            #expect(try await premises.keptAnswers() == 0)
        }
    }

    @Test func `a rotated secret is not shown to a repeat either`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let made = try await premises.call(
                "POST", "/v1/webhooks", as: owner.token,
                body: #"{"name":"ops","url":"https://hooks.desk.example/keybell"}"#)
            let path = "/v1/webhooks/\(made.json["id"]?.asString ?? "")/secrets"
            let first = try await premises.call("POST", path, as: owner.token, headers: Self.key)
            #expect(first.status == 201, "\(first.text)")
            let again = try await premises.call("POST", path, as: owner.token, headers: Self.key)
            #expect(again.code == "already_done", "\(again.text)")
            #expect(try await premises.keptAnswers() == 0)
        }
    }

    @Test func `whoever accepted an invitation is told so, under their key only`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let invited = try await premises.call(
                "POST", "/v1/users", as: owner.token, body: #"{"name":"Ann","email":"ann@desk.example"}"#)
            let body = #"{"token":"\#(invited.json["invitation"]?["token"]?.asString ?? "")"}"#
            let path = "/v1/invitations/accept"
            #expect(try await premises.call("POST", path, headers: Self.key, body: body).status == 201)
            let again = try await premises.call("POST", path, headers: Self.key, body: body)
            #expect(again.status == 409 && again.code == "already_done", "\(again.text)")
            let other = [(name: "idempotency-key", value: "another")]
            #expect(try await premises.call("POST", path, headers: other, body: body).status == 401)
            #expect(try await premises.call("POST", path, body: body).status == 401)
            #expect(try await premises.keptAnswers() == 0)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `what carries no secret is answered again as it was`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let body = #"{"name":"mm-btc","purpose":"makes markets"}"#
            let first = try await premises.call(
                "POST", "/v1/service-accounts", as: owner.token, headers: Self.key, body: body)
            let again = try await premises.call(
                "POST", "/v1/service-accounts", as: owner.token, headers: Self.key, body: body)
            #expect(first.status == 201 && again.status == 201)
            #expect(first.text == again.text)
            #expect(try await premises.keptAnswers() == 1)
        }
    }

    @Test func `a repeat that comes before the answer was kept is told to wait for it`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let body = #"{"name":"mm-btc","purpose":"makes markets"}"#
            func make() async throws -> TestAnswer {
                try await premises.call(
                    "POST", "/v1/service-accounts", as: owner.token, headers: Self.key, body: body)
            }
            let first = try await make()
            try await premises.forgetAnswers()
            let again = try await make()
            #expect(again.status == 409 && again.code == "idempotency_in_flight", "\(again.text)")
            #expect(again.json["resource_id"] == first.json["id"])
            #expect(premises.mistakes == [])
        }
    }
}

extension Premises {
    private static let kept = Statement(
        "test_kept_answers", "select count(*) from idempotency_key where body is not null")

    private static let forget = Statement(
        "test_forget_answers", "update idempotency_key set status = null, headers = null, body = null")

    /// As if they were not kept yet.
    nonisolated(nonsending) fileprivate func forgetAnswers() async throws {
        _ = try await host.database.transaction { try await $0.query(Self.forget) }
    }

    nonisolated(nonsending) fileprivate func keptAnswers() async throws -> Int64 {
        try await host.database.query(Self.kept).first?.int64(0) ?? -1
    }
}
