import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// A repeat with the same Idempotency-Key is answered to whoever may still do that to that thing.
struct RepeatSightTests {
    private static let ungrant = Statement(
        "test_ungrant",
        """
        with gone as (delete from access_grant where principal = $1)
        update authority set epoch = epoch + 1
        """)

    @Test func `a repeat about a key that went out of scope is answered as one of no key`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            let first = try await premises.thing("first", by: owner)
            let second = try await premises.thing("second", by: owner)
            let person = try await premises.join("somebody", nil, by: owner)
            try await premises.grant(.security, to: person, on: first.scope)
            let selector =
                #"{"selector":{"ids":["\#(first.key)"]},"mode":"active","expect_count":1,"reason":"a"}"#
            let requests = [
                (path: "/v1/keys/\(first.key)/suspend", body: #"{"reason":"seen"}"#),
                (path: "/v1/keys/mode", body: selector),
            ]
            for (path, body) in requests {
                let done = try await premises.post(path, body, as: person)
                #expect(done.status == 200, "\(path) \(done.text)")
                let again = try await premises.post(path, body, as: person)
                #expect(again.text == done.text && again.isReplayed, "\(path) \(again.text)")
            }
            let id = try #require(PrincipalID(person.id)).uuid
            try await premises.host.database.query(Self.ungrant, .uuid(id))
            try await premises.grant(.security, to: person, on: second.scope)
            for (path, body) in requests {
                let hidden = try await premises.post(path, body, as: person)
                #expect(hidden.status == 404, "\(path) \(hidden.text)")
                #expect(!hidden.text.contains(first.account) && !hidden.isReplayed)
            }
        }
    }
}

extension Premises {
    fileprivate nonisolated(nonsending) func post(
        _ path: String, _ body: String, as person: Person
    ) async throws -> TestAnswer {
        try await call(
            "POST", path, as: person.token, headers: [(name: "idempotency-key", value: "once\(path.count)")],
            body: body)
    }
}

extension TestAnswer {
    fileprivate var isReplayed: Bool {
        response.head.fields.contains { $0.name.text == "idempotent-replayed" }
    }
}
