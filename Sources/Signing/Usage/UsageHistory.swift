import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
package import Keys
package import Postgres

/// What was asked of a key, as it was asked: read again by what we know of exchanges today.
package struct UsageHistory {
    private let keys: KeyBook
    private let database: Database
    private let market: Market
    private let feed: MarketFeed
    private let policies: PolicyStore

    package init(keys: KeyBook, database: Database, market: Market, feed: MarketFeed) {
        (self.keys, self.database, self.market, self.feed) = (keys, database, market, feed)
        policies = PolicyStore(book: keys)
    }

    /// What was asked, and the policies that count now, by key.
    struct Recorded {
        var policies: [ExchangeKeyID: PolicySet] = [:]
        var uses: [PolicyReplay.Recorded] = []
        /// Of what was read; nil: there was nothing.
        var oldest: Timestamp?
        /// There is more of that time than was read, all of it no newer than the oldest.
        var isTruncated = false
        /// Allowed uses whose requests are not kept, by what they did.
        var notKept: [RequestOperation: Int] = [:]
    }

    /// The newest uses of all keys that a policy at this place binds.
    nonisolated(nonsending) func recorded(
        at place: PolicyPlace, seenBy rights: Rights, since: Timestamp, limit: Int
    ) async throws -> Recorded {
        if case .key(let id) = place { return try await recorded(of: [id], since: since, limit: limit) }
        let rows =
            switch place {
            case .account(let id):
                try await rows(of: try await keys(of: id, seenBy: rights), since, limit)
            default: try await database.report(Self.readAll, .timestamp(since), .int(limit + 1))
            }
        let ids = Array(Set(rows.compactMap { ExchangeKeyID($0.text(6)) }))
        return try await reading(rows, of: ids, since: since, limit)
    }

    /// - Parameter ids: keys that must be there, used or not.
    nonisolated(nonsending) func recorded(
        of ids: [ExchangeKeyID], since: Timestamp, limit: Int
    ) async throws -> Recorded {
        let recorded = try await reading(
            try await rows(of: ids, since, limit), of: ids, since: since, limit)
        guard recorded.policies.count == ids.count else { throw Problem.notFound("key") }
        return recorded
    }

    private static let read = Statement(
        "usage_replayable",
        """
        select id, at, actor, access_token, address, request, subject, verdict from usage_event
        where subject = any ($1::text[]) and at >= $2 and request is not null
        order by at desc, id desc limit $3
        """)
    private static let readAll = Statement(
        "usage_replayable_all",
        """
        select id, at, actor, access_token, address, request, subject, verdict from usage_event
        where at >= $1 and request is not null
        order by at desc, id desc limit $2
        """)
    /// What bots report of their own keys was asked of no policy.
    private static let notKept = Statement(
        "usage_not_kept",
        """
        select operation, count(*) from usage_event
        where subject = any ($1::text[]) and at >= $2 and request is null and verdict = 'allowed'
            and action in ('keys.sign', 'keys.proxy')
        group by operation
        """)

    private nonisolated(nonsending) func rows(
        of ids: [ExchangeKeyID], _ since: Timestamp, _ limit: Int
    ) async throws -> Rows {
        try await database.report(
            Self.read, .textArray(ids.map(\.description)), .timestamp(since), .int(limit + 1))
    }

    private static let accountKeys = Statement(
        "usage_account_keys",
        """
        select k.id from account a join exchange_key k on k.exchange = a.exchange
            and k.environment = a.environment and k.account = a.name
        where a.id = $1
        """)

    private nonisolated(nonsending) func keys(
        of account: AccountID, seenBy rights: Rights
    ) async throws -> [ExchangeKeyID] {
        let ids: [ExchangeKeyID] = try await database.query(Self.accountKeys, .id(account)).map { $0.id(0) }
        let targets = try await KeyTargets.source.targets(
            of: ids.map(\.description), for: [rights], [.policiesRead], in: database)
        return ids.filter { rights.may([.policiesRead], to: $0.description, targets) }
    }

    /// Uses of keys that are there no more are left out.
    private nonisolated(nonsending) func reading(
        _ rows: Rows, of ids: [ExchangeKeyID], since: Timestamp, _ limit: Int
    ) async throws -> Recorded {
        let usable = try await keys.usableKeys(ids, opening: false, in: database).map { result in
            switch result {
            case .success(let key): key
            case .failure(let key): throw KeyBook.tampered(key.id)
            }
        }
        let known = Dictionary(usable.map { ($0.key.id.description, $0) }, uniquingKeysWith: { $1 })
        var (asked, pace) = ([Asked](), PacedWork())
        for row in rows.prefix(limit) {
            if let key = known[row.text(6)], let one = Asked(row, of: key) { asked.append(one) }
            await pace.step()
        }
        // What an exchange lists is forgotten with a restart, and without it no order can be judged.
        for place in Set(asked.compactMap(\.place)) { await feed.refresh(place) }
        let unkept = try await database.report(
            Self.notKept, .textArray(ids.map(\.description)), .timestamp(since))
        var uses: [PolicyReplay.Recorded] = []
        for one in asked {
            uses.append(one.recorded(by: market))
            await pace.step()
        }
        return Recorded(
            policies: try await policies.inForce(for: usable, in: database), uses: uses,
            oldest: rows.isEmpty ? nil : rows[min(limit, rows.count) - 1].timestamp(1),
            isTruncated: rows.count > limit,
            notKept: Dictionary(
                unkept.compactMap { row in RequestOperation(rawValue: row.text(0)).map { ($0, row.int(1)) } },
                uniquingKeysWith: +))
    }
}

extension UsageHistory {
    private static let usesAtMost = 1_000_000
    /// More different ones make no rule.
    private static let groupsAtMost = 2_000

    /// Of batches that an earlier version wrote, the first symbol is known only.
    private static let earlier = Statement(
        "usage_earlier",
        """
        select operation, action, address, symbol, count(*),
            coalesce(bool_or(case when operation = 'trade'
                then data ->> 'orders' <> '1' and data -> 'symbols' is null end), false)
        from (
            select operation, action, address,
                case when symbols is null then symbol else named end as symbol, data
            from usage_event left join lateral unnest(symbols) as each (named) on true
            where subject = $1 and at >= $2 and verdict = 'allowed'
                and (action = 'usage.report' or at <= $3 and action in ('keys.sign', 'keys.proxy'))
            order by at desc limit $4
        ) as used
        group by operation, action, address, symbol limit $5
        """)

    /// What else a key was used for: up to the oldest that was read, and by bots that hold it themselves.
    /// How those would come, and from where, nobody knows.
    nonisolated(nonsending) func earlier(
        of key: ExchangeKeyID, since: Timestamp, than recorded: Recorded
    ) async throws -> EarlierUses {
        let oldest = recorded.isTruncated ? recorded.oldest : nil
        let rows = try await database.report(
            Self.earlier, .text(key.description), .timestamp(since), .timestamp(oldest ?? since - .days(1)),
            .int(Self.usesAtMost), .int(Self.groupsAtMost + 1))
        let count = rows.reduce(0) { $0 + $1.int(4) }
        guard rows.count <= Self.groupsAtMost, count < Self.usesAtMost else { return .unknown }
        return rows.reduce(into: EarlierUses()) { uses, row in
            guard let operation = RequestOperation(rawValue: row.text(0)) else { return }
            uses.operations.insert(operation)
            let way = UsageWay.allCases.first { $0.action == row.text(1) }
                .flatMap { UseWay(rawValue: $0.rawValue) }
            uses.ways.formUnion(way.map { [$0] } ?? Set(UseWay.allCases))
            uses.addresses.insert(way == nil ? nil : row.optionalText(2).flatMap { IPAddress($0) })
            if operation == .trade { uses.symbols.insert(row.bool(5) ? nil : row.optionalText(3)) }
        }
    }
}

/// A use as it was asked for.
private struct Asked {
    private let usage: UsageID
    private let request: UseRequest
    private let read: ReadUse
    private let key: KeyFacts
    private let at: Timestamp
    private let wasAllowed: Bool
    private let prices: [String: PolicyPrice]

    init?(_ row: Row, of usable: UsableKey) {
        guard let request = try? JSONValue.parse(Array(row.text(5).utf8)),
            let way = request["way"]?.asString.flatMap(UseWay.init(rawValue:)),
            let method = request["method"]?.asString, let host = request["host"]?.asString,
            let path = request["path"]?.asString
        else { return nil }
        let incoming = IncomingRequest(
            method, host: host, path: path, query: request["query"]?.asString ?? "",
            contentType: request["content_type"]?.asString,
            body: Array((request["body"]?.asString ?? "").utf8))
        let actor = Actor(
            principal: row.optionalText(2).flatMap { PrincipalID($0) },
            accessToken: row.optionalText(3).flatMap { AccessTokenID($0) },
            address: row.optionalText(4).flatMap { IPAddress($0) })
        let context = Context(
            actor: actor, permissions: [], now: row.timestamp(1), requestID: "")
        (usage, at, wasAllowed) = (row.id(0), row.timestamp(1), row.text(7) == "allowed")
        key = KeyFacts(usable.key)
        self.request = UseRequest(way, key.id, incoming, context)
        (read, prices) = (ReadUse(self.request, of: usable), Self.prices(request))
    }

    /// Whose list tells what its orders are about.
    var place: MarketPlace? {
        read.meaning.orders.isEmpty
            ? nil : MarketPlace(key.exchange, key.environment, host: request.incoming.host)
    }

    /// What is asked is what policies say: the key's mode of now is none of it, nor how far the clocks are
    /// apart; and what was let through by an approval had one.
    func recorded(by market: Market) -> PolicyReplay.Recorded {
        var facts = UseFacts(request, read, of: key, market, at: at)
        (facts.prices, facts.key.status, facts.isClockUncertain) = (prices, .active, false)
        facts.isApproved = wasAllowed
        return PolicyReplay.Recorded(usage.description, facts, wasAllowed: wasAllowed)
    }

    /// Of the market as it was then, as far as somebody asked.
    private static func prices(_ request: JSONValue) -> [String: PolicyPrice] {
        let told = (request["prices"]?.asArray ?? []).compactMap { price in
            price["of"]?.asString.flatMap { name in PolicyPrice(price).map { (name, $0) } }
        }
        return Dictionary(told) { first, _ in first }
    }
}
