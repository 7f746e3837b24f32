import Access
import Exchanges
import HTTPServer
import Identity
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// One random walk, and what it knows.
struct EscalationWalk {
    /// Through whom a call is made; scopes narrow what they have. Nil does not narrow.
    struct Caller {
        let principal: PrincipalID
        let secret: String
        let scopes: [Permission]?
    }

    struct Call {
        let method: String
        let path: String
        var body = ""
        var ifMatch = false
        /// Whom whoever reads the answer can come in as.
        var way: Way?
        /// Who makes it, if anybody in particular does.
        var by: [Caller] = []
        /// On whose behalf it is, where that is not the caller.
        var behalf: Caller?
        /// What may be come to by it, whoever calls.
        var vouched: Set<EscalationRight>?
    }

    /// A way of coming in as somebody.
    enum Way {
        /// As the whole of them: by a link, or by the address that is theirs.
        case whole(PrincipalID)
        case token(of: PrincipalID, scopes: [Permission]?)
    }

    /// A request of somebody, and the way in that it asks for.
    struct Waiting {
        let id: String
        let of: Caller
        let way: Way?
    }

    let premises: Premises
    let random: SeededGenerator
    private let withApprovals: Bool
    let first: Person
    var callers: [Caller] = []
    private(set) var picture: EscalationPicture
    var keys: [ExchangeKeyID] = []
    var groups: [String] = []
    var roles: [String] = []
    /// Those that are changed and deleted on the way.
    var changing: [String] = []
    var grants: [String] = []
    var tokens: [(id: String, way: Way)] = []
    /// Links of invitations that nobody accepted.
    var invitations: [String] = []
    var newcomers: [PrincipalID] = []
    /// Sealed break-glass tokens, with what their makers had.
    var glass: [(secret: String, vouched: Set<EscalationRight>)] = []
    /// Requests that wait for approvals, and then, some of them, to be fetched.
    var waiting: [Waiting] = []
    var approvedOnes: [Waiting] = []
    var made = 0
    private(set) var (done, refused, gained, opened, approved) = (0, 0, 0, 0, 0)

    nonisolated(nonsending) init(
        _ premises: Premises, seed: UInt64, withApprovals: Bool
    ) async throws {
        (self.premises, self.withApprovals) = (premises, withApprovals)
        random = SeededGenerator(seed: seed)
        let database = premises.host.database
        picture = try await EscalationPicture([], since: nil, at: premises.now, in: database)
        let owner = try await premises.owner()
        first = owner
        try add(owner.id, owner.token)
        for name in ["anna", "bert", "cleo", "dora"] {
            let person = try await premises.join(name, nil, by: owner)
            try add(person.id, person.token)
        }
        try await furnish()
        if withApprovals { try await askForApprovals() }
        try await look(afresh: true)
    }

    mutating func add(_ id: String, _ secret: String, _ scopes: [Permission]? = nil) throws {
        callers.append(Caller(principal: try #require(PrincipalID(id)), secret: secret, scopes: scopes))
    }

    var owner: Caller { callers[0] }
    var people: [PrincipalID] { picture.people }
    var users: [PrincipalID] { people.filter { $0.kind == .user } }
    var bots: [PrincipalID] { people.filter { $0.kind == .serviceAccount } }

    nonisolated(nonsending) func ask(_ call: Call, as caller: Caller) async throws -> TestAnswer {
        var headers = call.ifMatch ? [(name: "if-match", value: "*")] : []
        if withApprovals { headers += Stock.waiting }
        return try await premises.call(
            call.method, call.path, as: caller.secret, headers: headers, body: call.body)
    }

    private nonisolated(nonsending) mutating func look(afresh: Bool = false) async throws {
        let database = premises.host.database
        var targets: [Target] = []
        for key in keys {
            if let target = try await ScopeTargets.find(key, in: database) { targets.append(target) }
        }
        picture = try await EscalationPicture(
            targets + possible, since: afresh ? nil : picture, at: premises.now, in: database)
    }

    private var possible: [Target] {
        ["live", "testnet"].flatMap { place in
            [[], ["mm"], ["x"], ["mm", "x"]].flatMap { tags in
                callers.prefix(2).map { owner in
                    Target(
                        .newKey, exchange: .okx, environment: place == "live" ? .live : .testnet,
                        account: "main", tags: tags, owner: owner.principal)
                }
            }
        }
    }
}

// MARK: Walking

extension EscalationWalk {
    /// Makes one call; answers what somebody came to by it that whoever gave it had not.
    nonisolated(nonsending) mutating func step() async throws -> String? {
        // The owner calls now and then: what matters is what others can do.
        var caller = below(4) == 0 ? owner : pick(callers)
        let isOfApprovals = withApprovals && below(3) == 0
        guard let call = isOfApprovals ? approval() : next(by: caller) else { return nil }
        if !call.by.isEmpty { caller = pick(call.by) }
        let answer = try await ask(call, as: caller)
        guard (200..<300).contains(answer.status) else {
            refused += 1
            return answer.status >= 500 ? "\(call) \(answer.text)" : nil
        }
        done += 1
        if answer.status == 202, let id = answer.json["id"]?.asString {
            waiting.append(Waiting(id: id, of: caller, way: call.way))
            return nil
        }
        let before = picture
        try await look()
        let isDone = !call.path.hasSuffix("/approve") || answer.json["state"] == "executed"
        let found = judge(call, by: call.behalf ?? caller, before, isDone: isDone)
        try learn(from: answer, call, by: caller, before)
        return found.map { "\(caller.principal) \(caller.scopes as Any) \(call): \($0)" }
    }

    private mutating func judge(
        _ call: Call, by caller: Caller, _ before: EscalationPicture, isDone: Bool
    ) -> String? {
        let had = call.vouched ?? before.may(caller.principal, caller.scopes)
        for person in people {
            let new = picture.gain(of: person, since: before)
            if !new.isEmpty { gained += 1 }
            for right in new where !had.contains(right) { return "\(person) came to \(right)" }
        }
        guard isDone, let way = call.way else { return nil }
        opened += 1
        switch way {
        case .whole(let person):
            let all = before.may(person)
            return all.isSubset(of: had) ? nil : "a way in as \(person), to \(all.subtracting(had))"
        case .token(let person, let scopes):
            let all = before.may(person, scopes)
            let isOwn = person == caller.principal || before.owns(caller.principal, person)
            let wider = all.filter { right in
                isOwn ? caller.scopes.map { !$0.contains(right.permission) } ?? false : !had.contains(right)
            }
            return wider.isEmpty ? nil : "an access token of \(person), to \(wider)"
        }
    }

    private mutating func learn(
        from answer: TestAnswer, _ call: Call, by caller: Caller, _ before: EscalationPicture
    ) throws {
        let json = answer.json
        switch (call.method, call.path) {
        case ("POST", "/v1/grants"): grants += [json["id"]?.asString].compactMap(\.self)
        case ("POST", "/v1/roles"): changing += [json["name"]?.asString].compactMap(\.self)
        case ("POST", "/v1/break-glass"):
            if let secret = json["token"]?.asString {
                glass.append((secret, before.may(caller.principal, caller.scopes)))
            }
        case ("POST", let path) where path.hasSuffix("/approve"):
            if json["state"] == "executed" { approved += 1 }
            if json["state"] == "approved" { approvedOnes += waiting.filter { path.contains($0.id) } }
            waiting.removeAll { path.contains($0.id) }
        case ("POST", let path) where path.hasSuffix("/offboard"):
            newcomers.removeAll { path.contains($0.description) }
        default: break
        }
        if let link = json["invitation"]?["token"]?.asString { invitations.append(link) }
        try learnToken(of: json["access_token"] ?? json, user: json["user"]?["id"]?.asString)
    }

    /// Whatever is shown of an access token is used from then on.
    private mutating func learnToken(of json: JSONValue, user: String?) throws {
        guard let id = json["id"]?.asString, id.hasPrefix("tok_"), let secret = json["token"]?.asString,
            let principal = user ?? json["principal_id"]?.asString
        else { return }
        let scopes = json["scopes"]?.asArray?.compactMap { $0.asString.flatMap(Permission.init) }
        try add(principal, secret, scopes)
        if let of = PrincipalID(principal) {
            tokens.append((id, .token(of: of, scopes: scopes)))
            if user != nil { newcomers.append(of) }
        }
    }

    func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    func pick<Element>(_ all: [Element]) -> Element { all[below(all.count)] }
}

extension Premises {
    fileprivate var now: Timestamp { host.shared.clock.now() }
}
