import HTTPServer
import Kernel
import Postgres
import TestSupport

@testable import Access
@testable import Alerts
@testable import Identity
@testable import Keys
@testable import Market
@testable import Signals
@testable import Signing
@testable import TokenMetrics
@testable import Webhooks

/// Every statement that is put together from parts, in every form that it takes.
enum DerivedStatements {
    static func all() throws -> [Statement] {
        identity + alerts + signals + market + policies + (try prices()) + (try usage()) + (try keys())
            + (try webhooks())
    }

    private static var identity: [Statement] {
        [
            PrincipalStore.find, AccessTokenStore.find, BootstrapToken.read, BootstrapToken.lock,
            BreakGlassStore.find, BreakGlassStore.lock,
            BreakGlassStore.lockByHash, BreakGlassStore.list, BreakGlassStore.over,
            GrantStore.find, GrantStore.list, GrantStore.ofGroup, GrantStore.ofPrincipal, GrantStore.ofRole,
            RoleStore.find, RoleStore.lock, RoleStore.all, GroupStore.find, GroupStore.list,
            GroupStore.members, SessionStore.find, SessionList.statement, SignInSettings.find,
            SignInSettings.lock, FactorStore.list, FactorStore.find,
            ApprovalRuleStore.find, ApprovalRuleStore.lock, ApprovalRuleStore.all, ApprovalRuleStore.list,
            ApprovalStore.find, ApprovalStore.lock, ApprovalStore.list,
        ] + Array(AccessTokenList.statements.values) + Array(PrincipalList.statements.values)
    }

    private static var alerts: [Statement] { [FiringStore.insert, FiringStore.note] }

    private static var policies: [Statement] { [PolicyBook.one, PolicyBook.page, PolicyBook.draft] }

    private static func prices() throws -> [Statement] {
        let cursor = Cursor([PriceSourceID(id).description]).text
        return try PriceSourceBook.derived
            + ["", "?kind=pushed&state=suspended&cursor=\(cursor)", "?state=active"].map {
                try PriceSourceSearch(testRequest("GET", "/\($0)")).statement
            }
    }

    /// Each filter makes another form.
    private static func usage() throws -> [Statement] {
        let filters = """
            key_id=\(ExchangeKeyID(id))&actor=\(user)&access_token_id=\(AccessTokenID(id))&operation=trade\
            &symbol=a&exchange=okx&way=proxy&outcome=unknown&verdict=denied&address=192.0.2.7\
            &from=2026-01-05T00:00:00Z&to=\(time)
            """
        let cursor = Cursor(["usage", "1", UsageID(id).description]).text
        let lists = try ["", "?\(filters)&cursor=\(cursor)", "?verdict=allowed"].map {
            UsageSearch.statement(try UsageSearch(testRequest("GET", "/\($0)")).filter.narrowed(to: []))
        }
        let groups = "group_by=key,actor,operation,symbol,address,outcome&bucket=1h"
        let summaries = try ["", "?\(groups)&\(filters)", "?bucket=1d", "?group_by=symbol"].map { query in
            let summary = try UsageSummary(testRequest("GET", "/\(query)"), now: time)
            return summary.statement(summary.filter)
        }
        return lists + summaries + [UsageRow.find]
    }

    private static var signals: [Statement] {
        [
            SignalReads.getNow, SignalReads.getThen, Calibration.now, Calibration.then, SignalJobs.stale,
            GradeReads.up, GradeReads.down,
            SeriesFinder.seriesOfSymbol, SeriesFinder.seriesOfID, SeriesFinder.whole, SeriesFinder.wholeThen,
            TokenStore.get, TokenStore.lock, TickerStore.periods.many, TickerStore.periods.one,
            TickerStore.former.many, TickerStore.former.one,
            SeriesStore.grow.many, SeriesStore.grow.one,
            CandleReads.up, CandleReads.down,
            CandleReads.closed, CandleReads.closedDown, SeriesReads.list, SeriesReads.listThen,
            GapReads.series,
            GapReads.times, GapReads.next,
            MarketGates.market, MarketGates.marketOfSeries, CandleRetelling.find, SeriesQueue.read,
            SeriesQueue.lock, SeriesQueue.lockMarket,
            SeriesFreshness.mark, SuppliedMarks.mark,
            CandleFeedStore.find, CandleFeedStore.lock, CandleFeedStore.list, CandleFeedStore.due,
            CandleArchive.ofTokens, CandleArchive.ofSource, CandleFeedStore.holed, CandleFeedStore.heldUp,
            CandleFeedStore.over,
        ] + Array(SignalReads.listsNow.values) + Array(SignalReads.listsThen.values)
            + Array(GradeReads.newestOf.values) + Array(TokenStore.lists.values)
            + Array(TokenStore.listsThen.values)
    }

    private static var market: [Statement] {
        [
            FactStore.list, MetricStore.find, NarrativeStore.members, MoverListStore.stays,
            InvestorStore.best, InvestorStore.worst, InvestorStore.history, CloseHistory.wanted,
            MarketCloseStore.open, MarketCloseStore.sight, MarketReading.count, MarketReading.write,
            Correlation.page, TraderGradeOfDay.page, InvestorGradeOfDay.page, OHLCV.page, SignalOfCandle.page,
        ]
    }

    /// In each order: bare, and with every filter and a cursor.
    private static func keys() throws -> [Statement] {
        let usual = [
            KeyStore.find, KeyStore.lock, RotationStore.find, RotationStore.lock,
            RotationStore.lockOpen, KeySelector.lock, KeySelector.look, KeyVersionStore.all, KeyTags.untagged,
            KeyTags.older, KeyInspection.page, KeyStore.insert,
            KeyStore.update, AccountStore.find, AccountStore.lock, AccountStore.list,
            DepositStore.list, DepositStore.find, DepositStore.lock, DepositStore.lockOne,
            KeyNotice.dueRotations,
            KeyNotice.dueExpiries,
            KeyStore.ofIDs, KeyStore.lockIDs, KeyDeletionStore.find, KeyDeletionStore.lock,
            KeyDeletionStore.ofKey,
            KeyDeletionStore.due, KeyDeletionStore.stuck, KeyBook.usable,
        ]
        let deletions = try [
            "", "?state=due&way=api&exchange=bybit&key_id=\(ExchangeKeyID(id))&cursor=\(deletionCursor)",
        ].flatMap { query in
            try contexts.map { try KeyDeletionSearch(testRequest("GET", "/\(query)"), $0).statement }
        }
        let filters = """
            q=a&exchange=binance&account=main&owner_id=\(user)&environment=live&tag=a&status=active\
            &expiring_before=\(time)
            """
        let lists = try KeyOrder.allCases.flatMap { order in
            let cursor = Cursor([order.rawValue, "1", ExchangeKeyID(id).description]).text
            let queries = [
                "", "&\(filters)&rotation_due=true&decoy=true&cursor=\(cursor)", "&rotation_due=false",
            ]
            return try queries.flatMap { query in
                try contexts.map {
                    try KeySearch(testRequest("GET", "/?sort=\(order.rawValue)\(query)"), for: $0).statement
                }
            }
        }
        let rotation = Cursor(["rotations", "1", RotationID(id).description]).text
        let rotations = try [
            ("", nil), ("state=done&open=false&stuck=true&cursor=\(rotation)", ExchangeKeyID(id)),
        ]
        .flatMap { query, key in
            try contexts.map { try RotationSearch(testRequest("GET", "/?\(query)"), of: key, $0).statement }
        }
        return usual + deletions + lists + rotations
    }

    /// Of who sees everything, and of who sees some.
    private static var contexts: [Context] {
        var scoped = testContext()
        let grant = GrantedRole(
            id: GrantID(id), role: "some", permissions: [.keysRead, .decoysRead],
            scope: .selector(.init(tags: ["a"])))
        scoped.rights = Rights([grant], at: .testStart)
        return [testContext(), scoped]
    }

    private static var deletionCursor: String { Cursor([ExchangeKeyID(id).description, "1"]).text }

    private static func webhooks() throws -> [Statement] {
        let usual = [
            DeliveryStore.find, DeliveryStore.lock, WebhookStore.find, WebhookStore.lock,
            DeliveryQueue.take, DeliveryQueue.advance, DeliveryQueue.knock, DeliveryQueue.insertForOne,
            DeliveryQueue.insertForMany, WebhookSnapshot.loadWebhooks,
            WebhookReplay.count(listing), WebhookReplay.revive(listing),
        ]
        let lists = try WebhookSearch.Order.allCases.flatMap { order in
            let cursor = Cursor([order.rawValue, "1", WebhookID(id).description]).text
            return try ["", "&q=a&status=active&owner_id=\(user)&cursor=\(cursor)"].map {
                try WebhookSearch(testRequest("GET", "/?sort=\(order.rawValue)\($0)"), now: .testStart)
                    .statement
            }
        }
        return usual + lists + (try deliveries())
    }

    private static func deliveries() throws -> [Statement] {
        let (webhook, delivery) = (WebhookID(id), DeliveryID(id).description)
        let common = "webhook_id=\(webhook)&from=2026-01-05T00:00:00Z&to=\(time)"
        let own = "event_type=a.b&event_id=\(EventID(id))&alert_id=\(AlertID(id))"
        let living = ["pending", "sending", "delivered", "dead"].map {
            "\(common)&\(own)&state=\($0)&cursor=\(Cursor([delivery]).text)"
        }
        let dead = ["", "\(common)&reason=exhausted&cursor=\(Cursor(["1", delivery]).text)"]
        return try ([""] + living).map { try search($0, deadOnly: false) }
            + dead.map { try search($0, deadOnly: true) }
    }

    private static let listing = DeliverySight.Listing(
        isScoped: true, seesGeneral: true, inGeneral: [], seen: .none)

    private static func search(_ query: String, deadOnly: Bool) throws -> Statement {
        return try DeliverySearch(testRequest("GET", "/?\(query)"), testContext(), deadOnly: deadOnly)
            .seen(by: listing).statement
    }

    private static let id = UUID(high: 1, low: 1)
    private static let user = UserID(id)
    private static let time = Timestamp.testStart
}
