import Exchanges
package import JSON
import Kernel

/// `{}`, `{"environment": "live", "tags": ["market-making"]}`, `{"resource": "key_…"}`.
extension Scope {
    /// The field of a body; null and missing are everything.
    package static func read(_ name: String, in fields: inout Fields) -> Scope {
        fields.object(optional: name) { f in Scope(&f) } ?? .everything
    }

    /// Where everything has to be said, `{}`: what a script left out by mistake must not give all of it.
    package static func readNamed(_ name: String, in fields: inout Fields) -> Scope {
        if !fields.has(name) || fields.isNull(name) {
            fields.fail(name, code: FieldCode.missing, "is required; {} is everything")
            return .everything
        }
        return read(name, in: &fields)
    }

    /// Of an object that is a scope.
    package init(_ f: inout Fields) {
        // A condition that came out empty in somebody's script must not widen the scope.
        for name in ["resource", "exchange", "environment", "account", "tags", "owner_id"]
        where f.isNull(name) {
            f.fail(name, code: FieldCode.wrongType, "must not be null: leave it out")
        }
        let resource = f.parsed(
            optional: "resource", expected: "the id of a key or an account", Resource.init)
        let selector = Selector(
            exchange: f.choice(optional: "exchange", ExchangeName.self),
            environment: f.choice(optional: "environment", Environment.self),
            account: f.accountName(),
            tags: f.tags(),
            owner: f.parsed(optional: "owner_id", expected: "the id of a user or a service account") {
                PrincipalID($0)
            })
        if resource != nil, selector != Selector() {
            f.fail("resource", code: "excluded", "stands alone")
        }
        switch resource {
        case .key(let id): self = .key(id)
        case .account(let id): self = .account(id, nil)
        case nil: self = selector == Selector() ? .everything : .selector(selector)
        }
    }

    private enum Resource {
        case key(ExchangeKeyID)
        case account(AccountID)

        init?(_ text: String) {
            if let key = ExchangeKeyID(text) {
                self = .key(key)
            } else if let account = AccountID(text) {
                self = .account(account)
            } else {
                return nil
            }
        }
    }

    /// As clients read it. Equal scopes give equal JSON.
    package var json: JSONValue { .object(JSONObject(members: shown)) }

    /// As it is stored: an account with its place, by which it is matched.
    package var stored: JSONValue {
        guard case .account(_, let place?) = self else { return json }
        return .object(JSONObject(members: shown + Selector(place).members))
    }

    private var shown: [(String, JSONValue)] {
        switch self {
        case .everything: []
        case .selector(let selector): selector.members
        case .key(let id): [("resource", .string(id.description))]
        case .account(let id, _): [("resource", .string(id.description))]
        }
    }

    /// Nil for what this service never stored.
    package init?(stored value: JSONValue) {
        guard let object = value.asObject else { return nil }
        let place = Place(object)
        if let resource = object["resource"]?.asString {
            switch Resource(resource) {
            case .key(let id): self = .key(id)
            case .account(let id): self = .account(id, place)
            case nil: return nil
            }
            return
        }
        guard let selector = Selector(stored: object) else { return nil }
        self = selector == Selector() ? .everything : .selector(selector)
    }
}

extension Scope.Place {
    fileprivate init?(_ object: JSONObject) {
        guard let exchange = object["exchange"]?.asString.flatMap(ExchangeName.init),
            let environment = object["environment"]?.asString.flatMap(Environment.init),
            let account = object["account"]?.asString
        else { return nil }
        self.init(exchange: exchange, environment: environment, account: account)
    }
}

extension Scope.Selector {
    fileprivate var members: [(String, JSONValue)] {
        var members: [(String, JSONValue)] = []
        if let exchange { members.append(("exchange", .string(exchange.rawValue))) }
        if let environment { members.append(("environment", .string(environment.rawValue))) }
        if let account { members.append(("account", .string(account))) }
        if !tags.isEmpty { members.append(("tags", .array(tags.map { .string($0) }))) }
        if let owner { members.append(("owner_id", .string(owner.description))) }
        return members
    }

    /// A condition that cannot be read must not be dropped, which would widen it.
    fileprivate init?(stored object: JSONObject) {
        self.init()
        for member in object.members {
            switch member.name {
            case "exchange": exchange = member.value.asString.flatMap(ExchangeName.init)
            case "environment": environment = member.value.asString.flatMap(Environment.init)
            case "account": account = member.value.asString
            case "tags": tags = member.value.asArray?.compactMap(\.asString) ?? []
            case "owner_id": owner = member.value.asString.flatMap { PrincipalID($0) }
            default: return nil
            }
        }
        guard members.count == object.count else { return nil }
    }
}

extension Fields {
    fileprivate mutating func tags() -> [String] {
        guard has("tags"), !isNull("tags") else { return [] }
        return parsedList("tags", count: 1...Scope.Selector.tagLimit, expected: "a tag") {
            Scope.Selector.isTag($0) ? $0 : nil
        }
    }

    /// Which account; one that is there is named, so nothing is asked of the name but that it can be one.
    package mutating func accountName() -> String? {
        let name = string(optional: "account", 1...100)
        if name?.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) ?? false {
            fail("account", code: FieldCode.malformed, "must not hold control characters")
        }
        return name
    }
}

extension Scope.Selector {
    /// Lower-case letters and digits, then also `_.:-`; up to 63.
    package static func isTag(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (1...63).contains(bytes.count), let first = bytes.first, isTagStart(first) else { return false }
        return bytes.allSatisfy { isTagStart($0) || "_.:-".utf8.contains($0) }
    }

    private static func isTagStart(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte)
    }
}
