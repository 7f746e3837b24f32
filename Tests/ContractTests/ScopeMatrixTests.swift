import Access
import EventLoop
import Exchanges
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// T19: every endpoint × every role × in scope and out of scope, made from what the service registers.
struct ScopeMatrixTests {
    /// One scene for all, for it takes seconds to set.
    @Test func `T19: whoever has the permission on a thing is let in to it, and nobody else knows of it`()
        async throws
    {
        try await Premises.open(isRunning: true) { worker, premises in
            let scene = try await Scene(premises, on: worker)
            try await lookFromElsewhere(scene)
            try await list(scene)
            try await enter(scene)
            #expect(premises.mistakes == [])
        }
    }

    /// What is out of scope is as unknown as what is not there, to the byte.
    private nonisolated(nonsending) func lookFromElsewhere(_ scene: Scene) async throws {
        let premises = scene.premises
        for (role, person) in scene.elsewhere {
            for operation in premises.operations where scene.namesThing(operation) {
                guard scene.isHeld(operation, by: role) else { continue }
                let there = try await scene.send(operation, to: scene.ids, as: person)
                let nowhere = try await scene.send(operation, to: scene.unknown, as: person)
                let what = Comment(rawValue: "\(operation.id) for \(role): \(there.text) \(nowhere.text)")
                #expect(there.status == 404 && there.code == "not_found", what)
                #expect(there.status == nowhere.status && there.text == nowhere.text, what)
            }
        }
    }

    /// Lists and summaries show nothing that is out of scope.
    private nonisolated(nonsending) func list(_ scene: Scene) async throws {
        let premises = scene.premises
        for (role, person) in scene.elsewhere {
            for operation in premises.operations where operation.method == .get {
                guard !operation.path.contains("{"), operation.id != "streamEvents",
                    case .scoped(let permission) = operation.requires,
                    role.permissions.contains(permission)
                else { continue }
                let answer = try await premises.call("GET", operation.path, as: person.token)
                let what = Comment(rawValue: "\(operation.id) for \(role): \(answer.text.prefix(2_000))")
                #expect(answer.status == 200, what)
                #expect(answer.json.things.isSubset(of: scene.inSightElsewhere), what)
            }
        }
    }

    /// Whoever has the permission on a thing is let in to it, and who lacks it is not.
    private nonisolated(nonsending) func enter(_ scene: Scene) async throws {
        let premises = scene.premises
        for (role, person) in scene.here {
            for operation in premises.operations where scene.namesOnlyThing(operation) {
                // Without a body nothing is done where one is asked for.
                let answer = try await scene.send(operation, to: scene.ids, as: person, withBody: false)
                let what = Comment(
                    rawValue: "\(operation.id) for \(role): \(answer.status) \(answer.text)")
                #expect(answer.status < 500 || answer.status == 502, what)
                let isLetIn = scene.isHeld(operation, by: role)
                #expect((answer.code != "forbidden") == isLetIn, what)
                if isLetIn { #expect(!scene.isOfNothing(answer), what) }
                // A draft may have been published or deleted by the role before.
                let isDraft = operation.id.hasSuffix("PolicyDraft")
                if isLetIn, operation.method == .get, !operation.acts, !isDraft {
                    #expect(answer.status == 200, what)
                }
            }
        }
    }

    @Test func `T19: every endpoint that asks for a permission on keys narrows what it does`() async throws {
        try await Premises.open { _, premises in
            for operation in premises.operations {
                guard let permission = operation.requires.permission, permission.takesScope else { continue }
                if case .scoped = operation.requires {
                    #expect(!Self.ofTheWholeDesk.contains(operation.id), "\(operation.id) is narrowed")
                } else {
                    #expect(Self.ofTheWholeDesk.contains(operation.id), "\(operation.id) is not narrowed")
                }
            }
        }
    }

    /// What asks for the permission on everything, because it is about everything: the desk's policy, which
    /// binds all keys, and sources of prices, which all policies are judged by.
    private static let ofTheWholeDesk: Set<String> = [
        "getDeskPolicy", "listDeskPolicyVersions", "diffDeskPolicy", "getDeskPolicyDraft",
        "publishDeskPolicy", "revertDeskPolicy", "putDeskPolicyDraft", "deleteDeskPolicyDraft",
        "publishDeskPolicyDraft", "replayDeskPolicyDraft",
        "listPriceSources", "markPriceSource", "getPriceSource", "deletePriceSource", "resumePriceSource",
    ]
}

extension ScopeMatrixTests {
    /// A desk with one of everything, and people of every role whose one grant is on it or beside it.
    private struct Scene {
        let premises: Premises
        let stock: Stock
        let here: [(role: BuiltInRole, person: Person)]
        let elsewhere: [(role: BuiltInRole, person: Person)]
        let inSightElsewhere: Set<String>
        var ids: [String: String] { stock.ids }

        init(_ premises: Premises, on worker: isolated Worker) async throws {
            self.premises = premises
            stock = try await Stock(premises, on: worker)
            let other = try await premises.thing("elsewhere", by: stock.owner)
            inSightElsewhere = [other.key, other.account]
            let account = try await premises.call(
                "GET", stock.path("/v1/accounts/{account_id}"), as: stock.owner.token)
            let place = Scope.Place(
                exchange: .binance, environment: .testnet,
                account: try #require(account.json["name"]?.asString, "\(account.text)"))
            let mine = Scope.account(try #require(AccountID(stock.ids["account_id"] ?? "")), place)
            here = try await Self.people("here", mine, premises, stock.owner)
            elsewhere = try await Self.people("elsewhere", other.scope, premises, stock.owner)
        }

        private static func people(
            _ name: String, _ scope: Scope, _ premises: Premises, _ owner: Person
        ) async throws -> [(role: BuiltInRole, person: Person)] {
            var people: [(role: BuiltInRole, person: Person)] = []
            for role in BuiltInRole.allCases {
                let person = try await premises.join("\(name)-\(role.rawValue)", nil, by: owner)
                try await premises.grant(role, to: person, on: scope)
                people.append((role, person))
            }
            return people
        }

        private static let things = [
            "{key_id}", "{account_id}", "{usage_id}", "{alert_id}", "{delivery_id}",
        ]

        func namesThing(_ operation: Operation) -> Bool {
            Self.things.contains { operation.path.contains($0) }
        }

        /// And nothing in or below it.
        func namesOnlyThing(_ operation: Operation) -> Bool {
            let names = operation.path.split(separator: "/").filter { $0.hasPrefix("{") }
            return namesThing(operation)
                && names.allSatisfy { ["{key_id}", "{account_id}", "{host}", "{path*}"].contains($0) }
        }

        /// On something.
        func isHeld(_ operation: Operation, by role: BuiltInRole) -> Bool {
            guard case .scoped(let permission) = operation.requires else { return false }
            return role.permissions.contains(permission)
        }

        func isOfNothing(_ answer: TestAnswer) -> Bool {
            answer.code == "not_found"
                && ["key", "account"].contains { answer.text.contains("There is no such \($0).") }
        }

        /// Nothing has these.
        var unknown: [String: String] {
            let nothing = ID<ExchangeKeyKind>(UUID(high: 1, low: 1)).description.drop { $0 != "_" }
            let prefixes = [
                "key_id": "key", "account_id": "acc", "usage_id": "use", "alert_id": "alrt",
                "delivery_id": "dlv",
            ]
            return ids.merging(prefixes.mapValues { $0 + nothing }) { $1 }
        }

        func send(
            _ operation: Operation, to ids: [String: String], as person: Person, withBody: Bool = true
        ) async throws -> TestAnswer {
            let path = operation.path.split(separator: "/").map { part -> String in
                switch part {
                case "{version}": "1"
                case "{host}": "spot"
                case "{path*}": "api/v3/account"
                default:
                    part.hasPrefix("{") ? ids[String(part.dropFirst().dropLast())] ?? "none" : String(part)
                }
            }
            let content = premises.check.contract.operations.first { $0.id == operation.id }?
                .body["requestBody"]?["content"]?["application/json"]
            let example = content?["example"].map { stock.fitted($0).bytes } ?? []
            let body = withBody ? String(decoding: example, as: UTF8.self) : ""
            return try await premises.insist(
                operation.method.name, "/" + path.joined(separator: "/"), as: person.token,
                headers: [(name: "if-match", value: "*")], body: body)
        }
    }
}
