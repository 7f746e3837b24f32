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
    private let policies: PolicyStore

    package init(keys: KeyBook, database: Database, market: Market) {
        (self.keys, self.database, self.market) = (keys, database, market)
        policies = PolicyStore(book: keys)
    }

    private static let read = Statement(
        "usage_replayable",
        """
        select id, at, actor, access_token, address, request from usage_event
        where subject = $1 and at >= $2 and request is not null
        order by at desc, id desc limit $3
        """)

    /// The newest uses, and the policies that count now.
    nonisolated(nonsending) func recorded(
        of id: ExchangeKeyID, since: Timestamp, limit: Int, now: Timestamp
    ) async throws -> (present: PolicySet, recorded: [PolicyReplay.Recorded]) {
        guard let first = try await keys.usableKeys([id], in: database).first else {
            throw Problem.notFound("key")
        }
        guard case .success(let usable) = first else { throw KeyBook.tampered(id) }
        let sets = try await policies.inForce(for: [usable], in: database)
        let rows = try await database.query(
            Self.read, .text(id.description), .timestamp(since), .int(limit))
        let recorded = rows.compactMap { reading($0, of: usable.key) }
        return (sets[id] ?? PolicySet(key: nil), recorded)
    }

    private func reading(_ row: Row, of key: ExchangeKey) -> PolicyReplay.Recorded? {
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
        let asked = UseRequest(way, key.id, incoming, context)
        let read = ReadUse(asked, at: key.exchange)
        let usage: UsageID = row.id(0)
        var facts = UseFacts(asked, read, of: KeyFacts(key), market, at: row.timestamp(1))
        facts.prices = Self.prices(request)
        // How far the clocks are apart now says nothing of then.
        facts.isClockUncertain = false
        return PolicyReplay.Recorded(usage.description, facts)
    }

    /// Of the market as it was then, as far as somebody asked.
    private static func prices(_ request: JSONValue) -> [String: PolicyPrice] {
        let told = (request["prices"]?.asArray ?? []).compactMap { price in
            price["of"]?.asString.flatMap { name in PolicyPrice(price).map { (name, $0) } }
        }
        return Dictionary(told) { first, _ in first }
    }
}
