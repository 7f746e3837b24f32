import Access
import Exchanges
import HTTPServer
import Identity
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// No sequence of calls lets anybody come to a permission that whoever made the call did not have: random
/// walks over grants, roles, groups, access tokens, ownership of service accounts, and what keys are known
/// by.
struct EscalationTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `no sequence of calls gives anybody what nobody had who gave it`(_ seed: UInt64) async throws {
        try await Premises.open { _, premises in
            var walk = try await Walk(premises, seed: seed)
            for step in 0..<400 {
                let found = try await walk.step()
                #expect(found == nil, "step \(step), seed \(seed): \(found ?? "")")
                if found != nil { return }
            }
            // A walk of refusals would prove nothing.
            #expect(walk.done > 100, "\(walk.done) calls were let through")
            #expect(walk.refused > 30, "\(walk.refused) calls were refused")
            #expect(walk.gained > 15, "\(walk.gained) steps gave somebody something")
        }
    }
}

/// One walk.
private struct Walk {
    private typealias Call = (method: String, path: String, body: String, ifMatch: Bool)

    private let premises: Premises
    private let random: SeededGenerator
    private var people: [PrincipalID] = []
    /// Through whom a call may be made; scopes narrow what they have. Nil does not narrow.
    private var tokens: [(principal: PrincipalID, secret: String, scopes: [Permission]?)] = []
    private var keys: [ExchangeKeyID] = []
    private var groups: [String] = []
    private var roles: [String] = []
    /// Those that are changed and deleted on the way.
    private var changing: [String] = []
    private(set) var (done, refused, gained) = (0, 0, 0)

    init(_ premises: Premises, seed: UInt64) async throws {
        self.premises = premises
        random = SeededGenerator(seed: seed)
        let owner = try await premises.owner()
        add(owner.id, owner.token)
        for name in ["anna", "bert", "cleo", "dora"] {
            let person = try await premises.join(name, nil, by: owner)
            add(person.id, person.token)
        }
        for name in ["first", "second"] {
            let made = try await ask("POST", "/v1/service-accounts", #"{"name":"\#(name)"}"#)
            let id = try #require(made.json["id"]?.asString, "\(made.text)")
            let token = try await ask("POST", "/v1/access-tokens", #"{"principal_id":"\#(id)","name":"a"}"#)
            add(id, try #require(token.json["token"]?.asString, "\(token.text)"))
        }
        for (label, place) in [("a", "live"), ("b", "testnet"), ("c", "live")] {
            let made = try await ask(
                "POST", "/v1/keys",
                #"{"exchange":"okx","account":"main","label":"\#(label)","environment":"\#(place)"}"#)
            keys.append(try #require(made.json["id"]?.asString.flatMap { ExchangeKeyID($0) }, "\(made.text)"))
        }
        try await addGranters()
    }

    private mutating func add(_ id: String, _ token: String) {
        guard let principal = PrincipalID(id) else { return }
        people.append(principal)
        tokens.append((principal, token, nil))
    }

    /// Who may give something, but not all.
    private mutating func addGranters() async throws {
        let base = """
            "grants:write","grants:read","groups:write","groups:read","roles:read","roles:write",\
            "access_tokens:write","service_accounts:write","service_accounts:read"
            """
        for (name, own) in [
            ("giver", #","keys:read","keys:write""#), ("keeper", #","keys:read","keys:write","keys:sign""#),
            ("reader", #","candles:read""#),
        ] {
            let made = try await ask(
                "POST", "/v1/roles",
                #"{"name":"\#(name)","description":"a","permissions":[\#(base)\#(own)]}"#)
            try #require(made.status == 201, "\(made.text)")
            roles.append(name)
        }
        for permission in ["keys:read", "keys:sign", "keys:write", "candles:read", "accounts:read"] {
            let name = permission.replacing(":", with: "-")
            let body = #"{"name":"\#(name)","description":"a","permissions":["\#(permission)"]}"#
            try #require(try await ask("POST", "/v1/roles", body).status == 201)
            changing.append(name)
        }
        for (person, role) in [(1, "giver"), (2, "keeper"), (3, "reader")] {
            let body = #"{"principal_id":"\#(people[person])","role":"\#(role)"}"#
            try #require(try await ask("POST", "/v1/grants", body).status == 201)
        }
        for name in ["g1", "g2"] {
            let made = try await ask("POST", "/v1/groups", #"{"name":"\#(name)"}"#)
            groups.append(try #require(made.json["id"]?.asString, "\(made.text)"))
        }
    }

    private func ask(_ method: String, _ path: String, _ body: String = "") async throws -> TestAnswer {
        try await premises.call(method, path, as: tokens[0].secret, body: body)
    }

    /// Makes one call; answers what somebody came to by it that the caller had not.
    mutating func step() async throws -> String? {
        // The owner calls now and then: what matters is what others can do.
        let caller = tokens[below(4) == 0 ? 0 : below(tokens.count)]
        guard let call = try await call(by: caller.principal) else { return nil }
        let before = try await everything()
        let callers = Rights(
            before.grants[caller.principal] ?? [], scopes: caller.scopes, at: premises.host.shared.clock.now()
        )
        let answer = try await premises.call(
            call.method, call.path, as: caller.secret,
            headers: call.ifMatch ? [(name: "if-match", value: "*")] : [], body: call.body)
        guard (200..<300).contains(answer.status) else {
            refused += 1
            return answer.status >= 500 ? "\(call) \(answer.text)" : nil
        }
        done += 1
        learn(from: answer, call)
        let after = try await everything()
        for person in people {
            let had = before.may(person)
            let new = after.may(person).subtracting(had)
            if !new.isEmpty { gained += 1 }
            for one in new where !before.may(callers).contains(one) {
                return "\(person) came to \(one) by \(caller.principal) \(call)"
            }
        }
        return nil
    }

    private mutating func learn(from answer: TestAnswer, _ call: Call) {
        if call.method == "POST", call.path == "/v1/roles", let name = answer.json["name"]?.asString {
            changing.append(name)
        }
        if call.path == "/v1/access-tokens", let secret = answer.json["token"]?.asString,
            let principal = answer.json["principal_id"]?.asString.flatMap({ PrincipalID($0) })
        {
            let scopes = answer.json["scopes"]?.asArray?.compactMap {
                $0.asString.flatMap(Permission.init)
            }
            tokens.append((principal, secret, scopes))
        }
    }
}

// MARK: Calls

extension Walk {
    private func call(by caller: PrincipalID) async throws -> Call? {
        switch below(12) {
        case 0...3: return grant()
        case 4: return try await taking()
        case 5: return role()
        case 6: return ("DELETE", "/v1/roles/\(pick(changing))", "", true)
        case 7, 8:
            return (
                "POST", "/v1/groups/\(pick(groups))/members", #"{"principal_id":"\#(pick(people))"}"#, false
            )
        case 9: return ("DELETE", "/v1/groups/\(pick(groups))/members/\(pick(people))", "", false)
        case 10: return token()
        default: return change()
        }
    }

    private func grant() -> Call {
        let grantee = below(3) == 0 ? pick(groups) : pick(people).description
        let names = roles + changing + changing + ["trader", "owner"]
        let effect = below(8) == 0 ? "deny" : "allow"
        let body = """
            {"principal_id":"\(grantee)","role":"\(pick(names))","effect":"\(effect)","on":\(scope())}
            """
        return ("POST", "/v1/grants", body, false)
    }

    private func scope() -> String {
        switch below(7) {
        case 0: #"{"environment":"live"}"#
        case 1: #"{"tags":["mm"]}"#
        case 2: #"{"tags":["x"],"exchange":"okx"}"#
        case 3: #"{"resource":"\#(pick(keys))"}"#
        case 4: #"{"owner_id":"\#(pick(people))"}"#
        default: "{}"
        }
    }

    private func taking() async throws -> Call? {
        let all = try await ask("GET", "/v1/grants?limit=200").json["data"]?.asArray ?? []
        guard !all.isEmpty, let id = pick(all)["id"]?.asString else { return nil }
        return ("DELETE", "/v1/grants/\(id)", "", false)
    }

    private func role() -> Call {
        let choice = (0..<(1 + below(4))).map { _ in pick(Permission.allCases).rawValue }
        let list = Set(choice).sorted().map { "\"\($0)\"" }.joined(separator: ",")
        let body = #""description":"a","permissions":[\#(list)]"#
        if below(2) == 0 {
            return ("POST", "/v1/roles", #"{"name":"r\#(below(1_000))",\#(body)}"#, false)
        }
        return ("PUT", "/v1/roles/\(pick(changing))", "{\(body)}", true)
    }

    private func token() -> Call {
        let scopes = ["grants:write", "keys:read", "groups:write", "keys:write", "roles:write"]
        let some = scopes.filter { _ in below(2) == 0 }.map { "\"\($0)\"" }.joined(separator: ",")
        let body = #"{"principal_id":"\#(pick(people))","name":"a","scopes":[\#(some)]}"#
        return ("POST", "/v1/access-tokens", body, false)
    }

    private func change() -> Call {
        if below(3) == 0 {
            let bots = people.filter { $0.kind == .serviceAccount }
            let users = people.filter { $0.kind == .user }
            return (
                "PATCH", "/v1/service-accounts/\(pick(bots))", #"{"owner_id":"\#(pick(users))"}"#, true
            )
        }
        let tags = ["mm", "x", "y"].filter { _ in below(2) == 0 }.map { "\"\($0)\"" }
        let owner = below(3) == 0 ? #","owner_id":"\#(pick(people))""# : ""
        return (
            "PATCH", "/v1/keys/\(pick(keys))", #"{"tags":[\#(tags.joined(separator: ","))]\#(owner)}"#, true
        )
    }

    private func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    private func pick<Element>(_ all: [Element]) -> Element { all[below(all.count)] }
}

// MARK: What everybody may do

extension Walk {
    /// A permission on what is not about keys, or on a target by its place.
    private struct Right: Hashable {
        let permission: Permission
        let place: Int?
    }

    private struct Picture {
        var grants: [PrincipalID: [GrantedRole]] = [:]
        /// The keys that there are, and then some that there could be.
        var targets: [Target] = []
        let now: Timestamp

        func may(_ person: PrincipalID) -> Set<Right> { may(Rights(grants[person] ?? [], at: now)) }

        func may(_ rights: Rights) -> Set<Right> {
            var all = Set(
                rights.everywhere.filter { !$0.takesScope }.map { Right(permission: $0, place: nil) })
            for (place, target) in targets.enumerated() {
                for permission in Permission.allCases where permission.takesScope {
                    if rights.may(permission, on: target) {
                        all.insert(Right(permission: permission, place: place))
                    }
                }
            }
            return all
        }
    }

    private var possible: [Target] {
        ["live", "testnet"].flatMap { place in
            [[], ["mm"], ["x"], ["mm", "x"]].flatMap { tags in
                [people[0], people[1]].map { owner in
                    Target(
                        .newKey, exchange: .okx, environment: place == "live" ? .live : .testnet,
                        account: "main", tags: tags, owner: owner)
                }
            }
        }
    }

    private func everything() async throws -> Picture {
        let database = premises.host.database
        var picture = Picture(now: premises.host.shared.clock.now())
        for person in people { picture.grants[person] = try await GrantedRoles.of(person, in: database) }
        for key in keys {
            if let target = try await ScopeTargets.find(key, in: database) { picture.targets.append(target) }
        }
        picture.targets += possible
        return picture
    }
}
