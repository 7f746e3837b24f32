import Access
import Exchanges
import JSON
import Kernel
import Postgres

/// Which keys are meant: by what they have in common, or one by one. All conditions hold together.
struct KeySelector: Equatable, Sendable {
    static let idLimit = 1_000

    /// The desk: every key.
    var all = false
    var ids: [ExchangeKeyID] = []
    var exchange: ExchangeName?
    var environment: Environment?
    var account: String?
    var owner: PrincipalID?
    var tag: String?

    /// Keys named one by one have nothing in common that a later key could share.
    var isLasting: Bool { ids.isEmpty }

    /// What it is of, as grants have it. Of keys named one by one there is no such thing.
    var scope: Scope {
        if all { return .everything }
        return .selector(
            Scope.Selector(
                exchange: exchange, environment: environment, account: account,
                tags: tag.map { [$0] } ?? [], owner: owner))
    }

    func matches(_ key: ExchangeKey) -> Bool {
        all
            || (ids.isEmpty || ids.contains(key.id)) && (exchange ?? key.exchange) == key.exchange
                && (environment ?? key.environment) == key.environment
                && (account ?? key.account) == key.account && (owner ?? key.owner) == key.owner
                && (tag.map { key.tags.contains($0) } ?? true)
    }
}

// MARK: JSON

extension KeySelector {
    /// The field `selector` of a body.
    static func read(_ f: inout Fields) -> KeySelector {
        f.object("selector") { f in
            var selector = KeySelector()
            // A condition that came out empty in somebody's script must not widen the selection.
            for name in ["all", "ids", "exchange", "environment", "account", "tag"] { f.refuseNull(name) }
            selector.all = f.bool("all", default: false)
            selector.ids =
                f.has("ids")
                ? f.parsedList("ids", count: 1...idLimit, expected: "the id of a key") { ExchangeKeyID($0) }
                : []
            selector.exchange = f.choice(optional: "exchange", ExchangeName.self)
            selector.environment = f.choice(optional: "environment", Environment.self)
            selector.account = f.accountName()
            selector.owner = f.principal("owner_id")
            selector.tag = f.parsed(optional: "tag", expected: "a tag") { Fields.isTag($0) ? $0 : nil }
            selector.checkExtent(&f)
            return selector
        } ?? KeySelector()
    }

    private func checkExtent(_ f: inout Fields) {
        let isBare = self == KeySelector(all: all)
        if isBare, !all {
            f.fail(
                code: FieldCode.tooFew, "must name what the keys have in common; {\"all\": true} is the desk")
        } else if all, !isBare {
            f.fail("all", code: "excluded", "stands alone")
        }
    }

    /// As it is stored and answered; equal selectors give equal JSON.
    var json: JSONValue {
        var object = JSONObject()
        if all { _ = object.append("all", true) }
        if !ids.isEmpty { _ = object.append("ids", .array(ids.map { .string($0.description) })) }
        let texts = [
            ("exchange", exchange?.rawValue), ("environment", environment?.rawValue), ("account", account),
            ("owner_id", owner?.description), ("tag", tag),
        ]
        for (name, text) in texts {
            if let text { _ = object.append(name, .string(text)) }
        }
        return .object(object)
    }

    init(stored bytes: [UInt8]) throws {
        var object = JSONObject()
        _ = object.append("selector", try JSONValue.parse(bytes))
        var fields = try Fields(.object(object))
        self = Self.read(&fields)
        try fields.finish()
    }
}

// MARK: Rows

extension KeySelector {
    /// The keys that are not revoked, locked in the order that everybody locks them.
    static let lock = Statement(
        "key_selection_lock",
        derived: [
            "select", KeyColumns.list, "from exchange_key where", condition,
            "and", Sight.ofKeys(8), "order by id limit $7 for no key update",
        ].joined(separator: " "))

    /// The same, unlocked: for whoever only wants to know.
    static let look = Statement(
        "key_selection_look",
        derived: [
            "select", KeyColumns.list, "from exchange_key where", condition,
            "and", Sight.ofKeys(8), "order by id limit $7",
        ].joined(separator: " "))

    /// One statement for every selector: a desk's keys are read in a few milliseconds, whatever the plan.
    private static let condition = """
        status <> 'revoked' and ($1::uuid[] is null or id = any ($1)) and ($2::text is null or exchange = $2)
            and ($3::text is null or environment = $3)
            and ($4::text is null or account = normalize($4)) and ($5::text is null or owner = $5)
            and ($6::text[] is null or tags @> $6)
        """

    /// - Parameter sight: of the keys that the caller may touch.
    func parameters(limit: Int, _ sight: Sight) -> [Parameter] {
        [
            ids.isEmpty ? .uuidArray(nil) : .idArray(ids), .text(exchange?.rawValue),
            .text(environment?.rawValue), .text(account), .text(owner?.description),
            .textArray(tag.map { [$0] }), .int(limit), sight.parameter,
        ]
    }
}
