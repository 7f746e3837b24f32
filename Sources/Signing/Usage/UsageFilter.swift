import Access
import Exchanges
import HTTPServer
import Kernel
import Keys
import Postgres

/// Which uses are looked at: conditions put together from our own constants, with what came from outside as
/// parameters.
struct UsageFilter {
    private(set) var conditions = ["true"]
    private(set) var parameters: [Parameter] = []
    /// To be narrowed to its keys, which have an index.
    private(set) var exchange: ExchangeName?

    enum Verdict: String, CaseIterable { case allowed, denied }

    /// - Parameter key: nil for uses of all keys, or of the one that the query names.
    init(_ query: inout Parameters, of key: ExchangeKeyID?) {
        if let key = key ?? query.id("key_id", ExchangeKeyKind.self) {
            add("subject = ", .text(key.description))
        }
        let actor = query.parsed("actor", expected: "the id of a user or a service account") {
            PrincipalID($0)
        }
        if let actor { add("actor = ", .text(actor.description)) }
        if let token = query.id("access_token_id", AccessTokenKind.self) {
            add("access_token = ", .text(token.description))
        }
        addMeaning(&query)
        if let outcome = query.choice("outcome", UsageRecord.Outcome.self) {
            add("outcome = ", .text(outcome.rawValue))
        }
        if let verdict = query.choice("verdict", Verdict.self) {
            // Both as constants, so that the index of the denied ones is seen to fit.
            conditions.append(verdict == .denied ? "verdict = 'denied'" : "verdict = 'allowed'")
        }
        let address = query.parsed("address", expected: "an IP address") { IPAddress($0) }
        if let address { add("address = ", .text(address.description)) }
    }

    private mutating func addMeaning(_ query: inout Parameters) {
        if let operation = query.choice("operation", RequestOperation.self) {
            add("operation = ", .text(operation.rawValue))
        }
        if let symbol = query.text("symbol", 1...100) { add(symbol: symbol) }
        exchange = query.choice("exchange", ExchangeName.self)
        if let way = query.choice("way", UsageWay.self) { add("action = ", .text(way.action)) }
    }

    private static let keys = Statement(
        "usage_exchange_keys", "select id from exchange_key where exchange = $1")

    /// With the keys of the exchange that the query names, and of those only what a reader sees.
    nonisolated(nonsending) func narrowed(
        to rights: Rights, in database: Database
    ) async throws -> UsageFilter {
        if rights.isScoped([.usageRead]) {
            let seen = try await KeyTargets.source.inSight(.usageRead, rights, database)
            let wanted = seen.filter { exchange == nil || exchange == $0.value.exchange }
            return narrowed(to: Array(wanted.keys))
        }
        guard let exchange else { return self }
        let rows = try await database.query(Self.keys, .text(exchange.rawValue))
        return narrowed(to: rows.map { $0.id(0, as: ExchangeKeyKind.self).description })
    }

    func narrowed(to keys: [String]) -> UsageFilter {
        var filter = self
        filter.exchange = nil
        filter.parameters.append(.textArray(keys))
        filter.conditions.append("subject = any ($\(filter.parameters.count)::text[])")
        return filter
    }

    mutating func add(_ span: (from: Timestamp?, to: Timestamp?)) {
        if let from = span.from { add("at >= ", .timestamp(from)) }
        if let to = span.to { add("at < ", .timestamp(to)) }
    }

    private mutating func add(_ before: String, _ parameter: Parameter) {
        parameters.append(parameter)
        conditions.append("\(before)$\(parameters.count)")
    }

    /// Of the first order, or of another of a batch.
    private mutating func add(symbol: String) {
        parameters.append(.text(symbol))
        conditions.append("(symbol = $\(parameters.count) or symbols @> array[$\(parameters.count)]::text[])")
    }

    /// Everything behind this use, newest first.
    mutating func add(after place: (at: Timestamp, id: UsageID)) {
        parameters += [.timestamp(place.at), .id(place.id)]
        conditions.append("(at, id) < ($\(parameters.count - 1), $\(parameters.count))")
    }

    var text: String { conditions.joined(separator: " and ") }
}
