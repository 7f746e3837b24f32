import Access
import Identity
import JSON
import Kernel
import TestSupport

@testable import Service

/// Somebody who came in by the front door, with an access token.
struct Person: Sendable {
    let id: String
    let token: String

    struct NotWelcome: Error { let answer: String }

    fileprivate init(_ welcome: TestAnswer) throws {
        guard let id = welcome.json["user"]?["id"]?.asString,
            let token = welcome.json["access_token"]?["token"]?.asString
        else { throw NotWelcome(answer: welcome.text) }
        (self.id, self.token) = (id, token)
    }
}

extension Premises {
    /// The first owner; once.
    nonisolated(nonsending) func owner() async throws -> Person {
        let standing = try await BootstrapToken.ensure(
            in: host.database, at: "the test", holding: nil, now: host.shared.clock.now(), entropy: .system)
        return try Person(
            await call(
                "POST", "/v1/bootstrap", as: standing.secret?.text ?? "",
                body: #"{"name":"First owner","email":"owner@desk.example"}"#))
    }

    /// Invites somebody and accepts for them. Nil: without any role.
    /// - Parameter isInsisting: by an owner who proves who they are.
    nonisolated(nonsending) func join(
        _ name: String, _ role: BuiltInRole?, by owner: Person, insisting isInsisting: Bool = false
    ) async throws -> Person {
        let given = role.map { #","role":"\#($0.rawValue)""# } ?? ""
        let body = #"{"name":"\#(name)","email":"\#(name)@desk.example"\#(given)}"#
        let invited =
            isInsisting
            ? try await insist("POST", "/v1/users", as: owner.token, body: body)
            : try await call("POST", "/v1/users", as: owner.token, body: body)
        let token = invited.json["invitation"]?["token"]?.asString ?? ""
        return try Person(
            await call("POST", "/v1/invitations/accept", body: #"{"token":"\#(token)"}"#))
    }

    /// One of every built-in role.
    nonisolated(nonsending) func everybody(by owner: Person) async throws -> [(role: BuiltInRole, Person)] {
        var people: [(role: BuiltInRole, Person)] = []
        for role in BuiltInRole.allCases {
            people.append((role, try await join("the-\(role.rawValue)", role, by: owner)))
        }
        return people
    }
}
