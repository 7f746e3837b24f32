import Access
import Exchanges
import JSON
import Kernel
import TestSupport
import Testing

/// What is there at the beginning.
extension EscalationWalk {
    nonisolated(nonsending) mutating func furnish() async throws {
        for name in ["first", "second"] {
            let id = try await make("/v1/service-accounts", #"{"name":"\#(name)","purpose":"a"}"#)
            let token = try await must("/v1/access-tokens", #"{"principal_id":"\#(id)","name":"a"}"#)
            try add(id, try #require(token.json["token"]?.asString))
        }
        try await addLeavers()
        for (label, place) in [("a", "live"), ("b", "testnet"), ("c", "live")] {
            let id = try await make(
                "/v1/keys",
                #"{"exchange":"okx","account":"main","label":"\#(label)","environment":"\#(place)"}"#)
            keys.append(try #require(ExchangeKeyID(id)))
        }
        for name in ["g1", "g2"] { groups.append(try await make("/v1/groups", #"{"name":"\#(name)"}"#)) }
        try await addGranters()
    }

    /// Who may be made to go, with service accounts that may do more than most who could make them.
    private nonisolated(nonsending) mutating func addLeavers() async throws {
        for (name, role) in [("eva", "bot"), ("finn", "trader")] {
            let person = try await premises.join(name, nil, by: first)
            try add(person.id, person.token)
            newcomers.append(try #require(PrincipalID(person.id)))
            _ = try await make(
                "/v1/service-accounts",
                #"{"name":"of-\#(name)","purpose":"a","owner_id":"\#(person.id)","role":"\#(role)"}"#)
        }
    }

    /// Who may give something, but not all.
    private nonisolated(nonsending) mutating func addGranters() async throws {
        let base = """
            "grants:write","grants:read","groups:write","groups:read","roles:read","roles:write",\
            "access_tokens:read","access_tokens:write","access_tokens:manage","service_accounts:write",\
            "service_accounts:read","users:write","users:read"
            """
        for (name, own) in [
            ("giver", #","keys:read","keys:write""#), ("keeper", #","keys:read","keys:write","keys:sign""#),
            ("reader", #","candles:read""#), ("halfowner", #","owners:write","approvals:decide""#),
        ] {
            _ = try await must(
                "/v1/roles", #"{"name":"\#(name)","description":"a","permissions":[\#(base)\#(own)]}"#)
            roles.append(name)
        }
        for permission in ["keys:read", "keys:sign", "keys:write", "candles:read", "accounts:read"] {
            let name = permission.replacing(":", with: "-")
            _ = try await must(
                "/v1/roles", #"{"name":"\#(name)","description":"a","permissions":["\#(permission)"]}"#)
            changing.append(name)
        }
        for (person, role) in [(1, "giver"), (2, "keeper"), (3, "reader"), (4, "halfowner")] {
            _ = try await make(
                "/v1/grants", #"{"principal_id":"\#(callers[person].principal)","role":"\#(role)","on":{}}"#)
        }
    }

    /// From then on, who gives something needs one of these two.
    nonisolated(nonsending) func askForApprovals() async throws {
        for person in [2, 3] {
            _ = try await must(
                "/v1/grants", #"{"principal_id":"\#(callers[person].principal)","role":"admin","on":{}}"#)
        }
        let actions = [
            "createGrant", "addGroupMember", "createAccessToken", "updateServiceAccount", "createUser",
            "replaceRole", "deleteGrant", "removeGroupMember", "rotateAccessToken", "inviteUser",
            "createPasswordReset", "createBreakGlass", "offboardUser",
        ]
        let list = actions.map { "\"\($0)\"" }.joined(separator: ",")
        _ = try await must(
            "/v1/approval-rules", #"{"name":"a","actions":[\#(list)],"on":{},"approvals":1,"role":"admin"}"#)
    }

    private nonisolated(nonsending) func must(_ path: String, _ body: String) async throws -> TestAnswer {
        let made = try await premises.call("POST", path, as: owner.secret, body: body)
        try #require(made.status == 201, "\(path) \(made.text)")
        return made
    }

    private nonisolated(nonsending) func make(_ path: String, _ body: String) async throws -> String {
        try #require(try await must(path, body).json["id"]?.asString)
    }
}

/// What may be done.
extension EscalationWalk {
    mutating func next(by caller: Caller) -> Call? {
        switch below(20) {
        case 0...3: grant()
        case 4: grants.isEmpty ? nil : Call(method: "DELETE", path: "/v1/grants/\(pick(grants))")
        case 5: role()
        case 6: Call(method: "DELETE", path: "/v1/roles/\(pick(changing))", ifMatch: true)
        case 7, 8: membership()
        case 9, 10: token()
        case 11: rotation()
        case 12: serviceAccount()
        case 13: key()
        case 14, 15: user()
        case 16: wayIn()
        case 17: invitation()
        case 18: leaving(by: caller)
        default: breakGlass()
        }
    }

    private func grant() -> Call {
        let grantee = below(3) == 0 ? pick(groups) : pick(people).description
        let names = roles + changing + changing + ["trader", "owner"]
        let effect = below(8) == 0 ? "deny" : "allow"
        let body = """
            {"principal_id":"\(grantee)","role":"\(pick(names))","effect":"\(effect)","on":\(scope())}
            """
        return Call(method: "POST", path: "/v1/grants", body: body)
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

    private func role() -> Call {
        let choice = (0..<(1 + below(4))).map { _ in pick(Permission.allCases).rawValue }
        let list = Set(choice).sorted().map { "\"\($0)\"" }.joined(separator: ",")
        let body = #""description":"a","permissions":[\#(list)]"#
        if below(2) == 0 {
            return Call(
                method: "POST", path: "/v1/roles", body: #"{"name":"r\#(below(1_000))",\#(body)}"#)
        }
        return Call(method: "PUT", path: "/v1/roles/\(pick(changing))", body: "{\(body)}", ifMatch: true)
    }

    private func membership() -> Call {
        let path = "/v1/groups/\(pick(groups))/members"
        if below(3) == 0 { return Call(method: "DELETE", path: "\(path)/\(pick(people))") }
        return Call(method: "POST", path: path, body: #"{"principal_id":"\#(pick(people))"}"#)
    }

    private func token() -> Call {
        let principal = pick(below(2) == 0 ? people : bots)
        let all: [Permission] = [
            .grantsWrite, .keysRead, .groupsWrite, .keysWrite, .rolesWrite, .usersWrite, .accessTokensWrite,
        ]
        let scopes = below(3) == 0 ? nil : all.filter { _ in below(2) == 0 }
        let list = scopes.map { #","scopes":[\#($0.map { "\"\($0.rawValue)\"" }.joined(separator: ","))]"# }
        return Call(
            method: "POST", path: "/v1/access-tokens",
            body: #"{"principal_id":"\#(principal)","name":"a"\#(list ?? "")}"#,
            way: .token(of: principal, scopes: scopes))
    }

    /// What is rotated is as wide as it was.
    private func rotation() -> Call? {
        guard !tokens.isEmpty else { return nil }
        let (id, way) = pick(tokens)
        return Call(
            method: "POST", path: "/v1/access-tokens/\(id)/rotate", body: #"{"overlap":"1h"}"#, way: way)
    }

    private mutating func serviceAccount() -> Call {
        made += 1
        if below(4) == 0, bots.count < 6 {
            let role = below(2) == 0 ? #","role":"\#(pick(["bot", "analyst", "admin"]))""# : ""
            return Call(
                method: "POST", path: "/v1/service-accounts",
                body: #"{"name":"b\#(made)","purpose":"a","owner_id":"\#(pick(users))"\#(role)}"#)
        }
        return Call(
            method: "PATCH", path: "/v1/service-accounts/\(pick(bots))",
            body: #"{"owner_id":"\#(pick(below(2) == 0 && !newcomers.isEmpty ? newcomers : users))"}"#,
            ifMatch: true)
    }

    private func key() -> Call {
        let tags = ["mm", "x", "y"].filter { _ in below(2) == 0 }.map { "\"\($0)\"" }
        let owner = below(3) == 0 ? #","owner_id":"\#(pick(people))""# : ""
        return Call(
            method: "PATCH", path: "/v1/keys/\(pick(keys))",
            body: #"{"tags":[\#(tags.joined(separator: ","))]\#(owner)}"#, ifMatch: true)
    }
}

// MARK: Ways in

extension EscalationWalk {
    private mutating func user() -> Call? {
        made += 1
        if below(3) == 0, newcomers.count < 5, users.count < 25 {
            let role = below(2) == 0 ? #","role":"\#(pick(BuiltInRole.allCases).rawValue)""# : ""
            return Call(
                method: "POST", path: "/v1/users",
                body: #"{"name":"u\#(made)","email":"u\#(made)@desk.example"\#(role)}"#)
        }
        let user = pick(users)
        switch below(3) {
        case 0: return Call(method: "POST", path: "/v1/users/\(user)/invite", way: .whole(user))
        case 1:
            return Call(
                method: "PATCH", path: "/v1/users/\(user)",
                body: #"{"email":"u\#(made)@desk.example"}"#, ifMatch: true, way: .whole(user))
        default: return Call(method: "DELETE", path: "/v1/users/\(user)/factors")
        }
    }

    private func wayIn() -> Call {
        let user = pick(users)
        return Call(method: "POST", path: "/v1/users/\(user)/password-reset", way: .whole(user))
    }

    /// Whoever accepts gets nothing that was not granted before.
    private mutating func invitation() -> Call? {
        guard let link = invitations.popLast() else { return nil }
        return Call(
            method: "POST", path: "/v1/invitations/accept", body: #"{"token":"\#(link)"}"#, vouched: [])
    }

    private mutating func breakGlass() -> Call {
        if below(2) == 0, let sealed = glass.popLast() {
            return Call(
                method: "POST", path: "/v1/break-glass/use", body: #"{"token":"\#(sealed.secret)"}"#,
                vouched: sealed.vouched)
        }
        made += 1
        let role = pick([BuiltInRole.owner, .admin, .trader]).rawValue
        return Call(
            method: "POST", path: "/v1/break-glass", body: #"{"name":"safe \#(made)","role":"\#(role)"}"#)
    }

    /// Often to the good of whoever does it.
    private func leaving(by caller: Caller) -> Call? {
        let some = newcomers.filter { picture.ownsSome($0) }
        guard !newcomers.isEmpty else { return nil }
        let heir = below(2) == 0 && caller.principal.kind == .user ? caller.principal : pick(users)
        return Call(
            method: "POST", path: "/v1/users/\(pick(some.isEmpty ? newcomers : some))/offboard",
            body: #"{"expect":"*","reason":"left","reassign_to":"\#(heir)"}"#)
    }

    /// What is approved gives what its requester has; what is fetched, what its fetcher has.
    mutating func approval() -> Call? {
        if below(3) == 0, let one = approvedOnes.popLast() {
            return Call(
                method: "POST", path: "/v1/approvals/\(one.id)/fetch", way: one.way,
                by: callers.filter { $0.principal == one.of.principal })
        }
        guard !waiting.isEmpty else { return nil }
        let one = pick(waiting)
        return Call(
            method: "POST", path: "/v1/approvals/\(one.id)/approve", body: #"{"reason":"seen"}"#,
            way: one.way, by: Array(callers[2...3]) + [owner], behalf: one.of)
    }
}
