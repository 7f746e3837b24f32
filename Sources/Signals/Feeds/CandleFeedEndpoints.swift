package import Access
package import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// `/v1/candle-feeds`.
package struct CandleFeedEndpoints {
    private static let bodyBytes = 4_096

    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var operations: [Operation] {
        let (all, one) = ("/v1/candle-feeds", "/v1/candle-feeds/{candle_feed_id}")
        return [
            Operation(
                .get, all, id: "listCandleFeeds", requires: .permission(.candlesRead), bodyLimit: 0,
                handle: list),
            Operation(
                .post, all, id: "createCandleFeed", requires: .permission(.tokensWrite),
                errors: [.alreadyExists, .conflict], bodyLimit: Self.bodyBytes, handle: create),
            Operation(
                .get, one, id: "getCandleFeed", requires: .permission(.candlesRead), errors: [.notFound],
                bodyLimit: 0, handle: get),
            Operation(
                .patch, one, id: "updateCandleFeed", requires: .permission(.tokensWrite),
                errors: [.notFound], bodyLimit: Self.bodyBytes, handle: update),
            Operation(
                .delete, one, id: "deleteCandleFeed", requires: .permission(.tokensWrite),
                errors: [.notFound, .preconditionFailed, .preconditionRequired], bodyLimit: 0,
                handle: delete),
        ]
    }

    // MARK: Reading

    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let limit = parameters.limit()
        let token = parameters.parsed("token_id", expected: "a token's id") { TokenID($0) }
        let after = parameters.cursor { CandleFeedID($0) }
        try parameters.finish()
        let found = try await CandleFeedStore.list(
            of: token, after: after, limit: limit + 1, in: ledger.database)
        let page = Page(found, limit: limit) { [$0.id.description] }
        return .object { w in
            w.array("data", page.items) { w, feed in feed.write(to: &w, at: context.now) }
            w.field("next_cursor", page.next)
        }
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        guard let feed = try await CandleFeedStore.find(try Self.id(request), in: ledger.database) else {
            throw Problem.notFound("feed of candles")
        }
        return Self.answer(feed, context)
    }

    // MARK: Changing

    /// Whoever has candles pulled pushes them.
    private static func mayPush(_ context: Context) throws(Problem) { try context.require(.candlesWrite) }

    private struct Wanted {
        var symbol = ""
        var source = ""
        var interval = Interval.minute
        var exchange = ExchangeName.binance
        var environment = Environment.live
        var market = KlineQuestion.Market.spot
        var instrument = ""
        var from: Timestamp?
    }

    private enum Pulled: String, CaseIterable { case binance, bybit }
    private enum Place: String, CaseIterable { case live, testnet }

    private static func wanted(_ fields: inout Fields, _ now: Timestamp) -> Wanted {
        var wanted = Wanted()
        wanted.symbol =
            fields.parsed("token", expected: "a ticker", standIn: "") { Token.isSymbol($0) ? $0 : nil }
        wanted.interval = fields.choice("interval", Interval.self)
        let pulled = fields.choice("exchange", Pulled.self)
        wanted.exchange = ExchangeName(rawValue: pulled.rawValue) ?? .binance
        let source = fields.parsed(optional: "source", expected: "a source, as binance") {
            SourceName.isName($0) ? $0 : nil
        }
        let place = fields.choice("environment", Place.self, default: .live)
        // Prices of a testnet are nobody's revision of real ones.
        wanted.source = source ?? pulled.rawValue + (place == .live ? "" : "-\(place.rawValue)")
        wanted.environment = Environment(rawValue: place.rawValue) ?? .live
        wanted.market = fields.choice("market", KlineQuestion.Market.self, default: .spot)
        wanted.instrument =
            fields.parsed(
                "instrument", expected: "what the exchange calls it, as SOLUSDT", standIn: ""
            ) { KlineQuestion.isInstrument($0) ? $0 : nil }
        wanted.from = fields.parsed(optional: "from", expected: "an RFC 3339 time") { Timestamp($0) }
        if let from = wanted.from, from < Candle.earliest || from > now {
            fields.fail(
                "from", code: FieldCode.outOfRange,
                "must not be before \(Candle.earliest) and not be in the future")
        }
        return wanted
    }

    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try Self.mayPush(context)
        try request.parameters().finish()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let wanted = Self.wanted(&fields, context.now)
        try fields.finish()
        let ledger = ledger
        let feed = try await ledger.change(context) { change in
            let tickers = TickerStore(ids: { ledger.newID() })
            let periods = try await tickers.periods(
                of: [wanted.symbol], newest: [context.now], now: context.now, in: change.transaction)
            guard let period = periods[0].first(where: { $0.holds(context.now) }) else {
                throw TokenPatch.mistake("/token", "is nobody's ticker now")
            }
            let from = wanted.interval.nextOpen(from: wanted.from ?? context.now)
            try await Self.refuse(from, of: period.token, tickers, change.transaction)
            let feed = CandleFeed(
                id: ledger.newID(), token: period.token, symbol: wanted.symbol, source: wanted.source,
                interval: wanted.interval, exchange: wanted.exchange, environment: wanted.environment,
                market: wanted.market, instrument: wanted.instrument, beginsAt: from, endsAt: period.to,
                nextOpen: from, dueAt: context.now, createdAt: context.now,
                createdBy: context.actor.principal?.description, updatedAt: context.now)
            try await Self.insert(feed, in: change.transaction)
            change.audit("candle_feeds.create", feed.id, detail: feed.detail)
            return feed
        }
        return Response.json(.created) { w in feed.write(to: &w, at: context.now) }.etag(feed.revision)
            .header(.location, "/v1/candle-feeds/\(feed.id)")
    }

    /// What opens before any ticker was the token's would be refused row by row.
    private nonisolated(nonsending) static func refuse(
        _ from: Timestamp, of token: TokenID, _ tickers: TickerStore, _ transaction: Transaction
    ) async throws {
        let begins = try await tickers.periods(of: token, in: transaction).map(\.from)
        guard !begins.contains(nil), let first = begins.compactMap({ $0 }).min(), from < first else { return }
        throw TokenPatch.mistake("/from", "must not be before \(first), when the token's ticker began")
    }

    private nonisolated(nonsending) static func insert(
        _ feed: CandleFeed, in transaction: Transaction
    ) async throws {
        do {
            guard try await CandleFeedStore.insert(feed, in: transaction) else {
                throw Problem(
                    .conflict, "There are \(CandleFeed.atMost) feeds of candles already: delete some first.")
            }
        } catch let error as PostgresError where error.isUniqueViolation("candle_feed_series") {
            throw Problem(.alreadyExists, "The series is fed already.")
        }
    }

    private nonisolated(nonsending) func update(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let id = try Self.id(request)
        try Self.mayPush(context)
        try request.parameters().finish()
        var fields = try await request.fields(limit: Self.bodyBytes)
        if !fields.has("enabled") && !fields.has("next_open") {
            fields.fail(code: FieldCode.tooFew, "must name at least one field")
        }
        let isEnabled = fields.bool(optional: "enabled")
        let nextOpen = fields.parsed(optional: "next_open", expected: "an RFC 3339 time") { Timestamp($0) }
        try fields.finish()
        let feed = try await ledger.change(context) { change in
            var feed = try await lock(id, request, change.transaction)
            if let isEnabled { feed.isEnabled = isEnabled }
            if let nextOpen {
                guard nextOpen >= feed.beginsAt, nextOpen <= context.now else {
                    throw TokenPatch.mistake("/next_open", "must lie between from and now")
                }
                feed.nextOpen = feed.interval.open(at: nextOpen)
                try await FeedHoleStore.forget(from: feed.nextOpen, of: id, in: change.transaction)
            }
            // Whoever changes it does not wait for what failed before.
            feed.dueAt = context.now
            feed.revision += 1
            feed.updatedAt = context.now
            try await CandleFeedStore.update(feed, in: change.transaction)
            change.audit("candle_feeds.update", id, detail: feed.detail)
            return try await CandleFeedStore.find(id, in: change.transaction) ?? feed
        }
        return Self.answer(feed, context)
    }

    private nonisolated(nonsending) func delete(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let id = try Self.id(request)
        try request.parameters().finish()
        try await ledger.change(context) { change in
            let feed = try await lock(id, request, change.transaction)
            try await CandleFeedStore.delete(id, in: change.transaction)
            change.audit("candle_feeds.delete", id, detail: feed.detail)
        }
        return Response(.noContent)
    }

    private nonisolated(nonsending) func lock(
        _ id: CandleFeedID, _ request: Request, _ transaction: Transaction
    ) async throws -> CandleFeed {
        guard let feed = try await CandleFeedStore.lock(id, in: transaction) else {
            throw Problem.notFound("feed of candles")
        }
        try request.match(revision: feed.revision, required: true)
        return feed
    }

    private static func id(_ request: Request) throws(Problem) -> CandleFeedID {
        guard let id = CandleFeedID(request.pathParameter("candle_feed_id")) else {
            throw .notFound("feed of candles")
        }
        return id
    }

    private static func answer(_ feed: CandleFeed, _ context: Context) -> Response {
        Response.json { w in feed.write(to: &w, at: context.now) }.etag(feed.revision)
    }
}
