import Access
import Crypto
import EventLoop
import Events
import Exchanges
import HTTPServer
import JSON
import Jobs
import Kernel
import Keys
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Signing

/// A clock that a test moves. Its monotonic side stands still until it is told otherwise: nothing is too late
/// by itself.
final class DeskClock: Sendable {
    private let time = Mutex(Timestamp.testStart)
    private let passed = Mutex<UInt64>(0)

    var now: Timestamp { time.withLock { $0 } }
    var clock: Clock {
        Clock(now: { self.now }, monotonicNanoseconds: { self.passed.withLock { $0 } })
    }

    func pass(_ period: Period) { passed.withLock { $0 += UInt64(period.nanoseconds) } }

    func move(_ period: Period) { time.withLock { $0 = $0 + period } }
}

/// The exchange of a desk: confirms every key, and answers to requests as a test wants.
final class DeskExchange: Sendable {
    typealias Answer = Result<ExchangeAnswer, ExchangeFailure>

    private let answer = Mutex<Answer>(.failure(ExchangeFailure(mayHaveArrived: false, "It is not there.")))
    private let received = Mutex<[SignedRequest]>([])
    private let clock = Mutex((tells: true, asked: 0))

    /// How often it was asked for its time.
    var timesAsked: Int { clock.withLock { $0.asked } }

    func tellsItsTime(_ tells: Bool) { clock.withLock { $0.tells = tells } }

    private let mute = Mutex((isOn: false, tellsItsTime: false, isAsked: false))

    /// Takes questions for its lists and its time, and answers none until that is over.
    func isMute(_ isOn: Bool, butTellsItsTime tells: Bool = false) {
        mute.withLock { $0 = (isOn, tells, $0.isAsked) }
    }

    /// While it was mute.
    var isAskedInVain: Bool { mute.withLock { $0.isAsked } }

    func keepsWaiting(_ message: ExchangeLine.Message) -> Bool {
        let isTime = message.request.url.hasSuffix("/time")
        guard isTime || message.request.url.hasSuffix("/exchangeInfo") else { return false }
        return mute.withLock { mute in
            guard mute.isOn, !(isTime && mute.tellsItsTime) else { return false }
            mute.isAsked = true
            return true
        }
    }
    /// By symbol; what is not here has no ticker.
    private let tickers = Mutex<[String: String]>([:])
    private let asked = Mutex<[String]>([])

    /// What its tickers tell from now on; nil: nothing any more.
    func trades(_ symbol: String, at price: String?) { tickers.withLock { $0[symbol] = price } }

    /// For how many tickers it was asked.
    var tickersAsked: Int { asked.withLock { $0.count } }

    var requests: [SignedRequest] { received.withLock { $0 } }

    func says(_ status: Int, _ body: String) {
        set(.success(ExchangeAnswer(status: status, headers: [], body: Array(body.utf8), isTruncated: false)))
    }

    /// Takes requests, and never answers.
    func isSilent() { set(.failure(ExchangeFailure(mayHaveArrived: true, "It gave no answer."))) }

    private func set(_ new: Answer) { answer.withLock { $0 = new } }

    func take(_ message: ExchangeLine.Message, at now: Timestamp) -> Answer {
        if message.request.url.hasSuffix("/time") {
            let tells = clock.withLock { clock in
                clock.asked += 1
                return clock.tells
            }
            if !tells { return .failure(ExchangeFailure(mayHaveArrived: false, "It has no clock.")) }
        }
        if let listed = listed(message.request.url, at: now) {
            return .success(
                ExchangeAnswer(status: 200, headers: [], body: Array(listed.utf8), isTruncated: false))
        }
        received.withLock { $0.append(message.request) }
        return answer.withLock { $0 }
    }

    /// What is asked for beside the requests of bots: the time, and what is traded.
    private func listed(_ url: String, at now: Timestamp) -> String? {
        if url.hasSuffix("/api/v3/time") { return #"{"serverTime": \#(now.microseconds / 1_000)}"# }
        if url.contains("/ticker/price?symbol=") { return ticker(String(url.split(separator: "=")[1])) }
        return url.hasSuffix("/exchangeInfo") ? Self.instruments : nil
    }

    private func ticker(_ symbol: String) -> String {
        asked.withLock { $0.append(symbol) }
        return tickers.withLock { $0[symbol] }.map { #"{"symbol": "\#(symbol)", "price": "\#($0)"}"# } ?? "{}"
    }

    /// Of `GET /api/v3/exchangeInfo`, and of the futures' one.
    private static let instruments =
        #"{"symbols": ["#
        + [("BTCUSDT", "BTC", "USDT"), ("ETHBTC", "ETH", "BTC"), ("ETHEUR", "ETH", "EUR")].map {
            instrument($0, base: $1, quote: $2)
        }.joined(separator: ",") + "]}"

    private static func instrument(_ symbol: String, base: String, quote: String) -> String {
        """
        {"symbol": "\(symbol)", "status": "TRADING", "baseAsset": "\(base)", "quoteAsset": "\(quote)",
        "marginAsset": "\(quote)", "isSpotTradingAllowed": true, "isMarginTradingAllowed": false,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
            {"filterType": "NOTIONAL", "minNotional": "5"}]}
        """
    }

    private let futures = Mutex(false)

    /// Whether keys may trade futures, from their next probe on.
    func permitsFutures(_ permits: Bool) { futures.withLock { $0 = permits } }

    /// What Bybit answers to `GET /v5/user/query-api`.
    var bybitPermissions: String {
        #"{"retCode":0,"result":{"readOnly":0,"permissions":{"Spot":["SpotTrade"]},"ips":["10.0.0.9"]}}"#
    }

    /// What Binance answers to `GET /sapi/v1/account/apiRestrictions`.
    var restrictions: String {
        """
        {"ipRestrict":true,"createTime":1698645219000,"enableReading":true,"enableWithdrawals":false,\
        "enableInternalTransfer":false,"enableMargin":false,"enableFutures":\(futures.withLock(\.self)),\
        "permitsUniversalTransfer":false,"enableVanillaOptions":false,"enableFixApiTrade":false,\
        "enableFixReadOnly":false,"enableSpotAndMarginTrading":true,"enablePortfolioMarginTrading":false}
        """
    }
}

/// The room with a database of its own, on one worker: keys are registered and confirmed, policies published,
/// requests signed and sent, all over the interface.
struct SigningDesk {
    let database: Database
    let ledger: Ledger
    let book: KeyBook
    let batcher: UseBatcher
    let outcomes: OutcomeBook
    let jobs: [Job]
    let exchange = DeskExchange()
    let market = MarketBoard()
    let weights = WeightBook()
    let time: DeskClock
    let me: PrincipalID
    private let reports: ReportWriter
    private let caller: TestCaller
    private let keyring: Keyring
    private let fingerprintKey: HMACKey

    /// A batch of uses waits for a machine that stands still.
    static let batchPatience: Period = .seconds(30)

    /// - Parameter judgesAtMost: requests, where policies are tried on them.
    init(
        _ database: Database, _ keyring: Keyring, _ fingerprintKey: HMACKey, reactor: Reactor,
        time: DeskClock, judgesAtMost: Int = 10_000, batchPatience: Period = SigningDesk.batchPatience
    ) throws {
        (self.keyring, self.fingerprintKey) = (keyring, fingerprintKey)
        (self.database, self.time) = (database, time)
        me = PrincipalID(.serviceAccount, UUID(at: time.now, entropy: .system))
        ledger = Ledger(database: database, clock: time.clock, entropy: .system)
        book = KeyBook(
            ledger: ledger,
            custody: KeyCustody(keyring: { keyring }, fingerprintKey: { fingerprintKey }))
        let (clocks, hosts) = (ExchangeClocks(), ExchangeHosts { _, _, _ in nil })
        let line = ExchangeLine(
            send: { [exchange, time] message in
                while exchange.keepsWaiting(message) { await reactor.sleep(nanoseconds: 5_000_000) }
                return exchange.take(message, at: time.now)
            }, pause: { _ in })
        let view = market.market(clocks, time.clock)
        let feed = MarketFeed(board: market, hosts: hosts, line: line, ledger: ledger)
        batcher = UseBatcher(
            ledger: ledger, book: book, market: view, feed: feed,
            times: ClockFeed(clocks: clocks, hosts: hosts, line: line, clock: time.clock, reactor: reactor),
            turn: BatchTurn(), reactor: reactor, batchPatience: batchPatience)
        outcomes = OutcomeBook(ledger: ledger, reactor: reactor)
        batcher.onGivenUp = { [outcomes] use in outcomes.noteUnsent(use) }
        reports = ReportWriter(ledger: ledger, reactor: reactor)
        jobs = UsageJobs(ledger: ledger).jobs
        caller = TestCaller(
            Self.keys(book, database, time, exchange)
                + SignEndpoints(
                    batcher: batcher, hosts: hosts, clocks: clocks, entropy: .system
                ).operations
                + ProxyEndpoints(
                    batcher: batcher, hosts: hosts, clocks: clocks,
                    line: line, outcomes: outcomes,
                    weights: weights, entropy: .system
                ).operations
                + PriceSourceEndpoints(ledger: ledger).operations
                + UsageEndpoints(database: database, writer: reports).operations
                + PolicyEndpoints(
                    book: PolicyBook(ledger: ledger, keys: book),
                    history: UsageHistory(keys: book, database: database, market: view, feed: feed),
                    judgesAtMost: judgesAtMost
                ).operations)
    }

    private static func keys(
        _ book: KeyBook, _ database: Database, _ time: DeskClock, _ exchange: DeskExchange
    ) -> [Operation] {
        let prober = KeyProber(
            clock: time.clock, entropy: .system, standIn: { _, _, _ in nil }, pause: { _ in },
            send: { errand in
                let told = errand.exchange == .bybit ? exchange.bybitPermissions : exchange.restrictions
                return .success(ProbeAnswer(status: 200, body: Array(told.utf8)))
            })
        return KeyEndpoints(
            book: book, isActive: { _, _ in true }, makePair: { try PrivateKey.generate($0, rsaBits: $1) },
            prober: prober, publicOrigin: "https://keybell.desk.example",
            uses: { try await PermissionUses.read(of: $0, now: $1, in: database) },
            ordersSeen: { try await OrdersSeen.read(of: $0, now: $1, in: database) }
        ).operations
    }

    /// - Parameter writesOutcomes: otherwise what is sent stays as it was committed.
    static func run(
        writesOutcomes: Bool = true, judgesAtMost: Int = 10_000,
        _ body: @Sendable @escaping (SigningDesk) async throws -> Void
    ) async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let desk = try await open(
                on: worker, database, writesOutcomes: writesOutcomes, judgesAtMost: judgesAtMost)
            defer { desk.stop() }
            try await body(desk)
        }
    }

    /// For several on one database; whoever opens it stops it.
    static func open(
        on worker: isolated Worker, _ database: Database, writesOutcomes: Bool = true,
        judgesAtMost: Int = 10_000, batchPatience: Period = SigningDesk.batchPatience
    ) async throws -> SigningDesk {
        let root = try RootKey()
        let wrapped = try WrappedKeyEncryptionKey.generate(generation: 1, under: root)
        // Sealed bytes hang on their key-encryption key; this desk's is known to no database.
        _ = try await database.transaction { try await $0.query(Self.insertGeneration) }
        let desk = try SigningDesk(
            database, try Keyring(opening: [wrapped], under: root), HMACKey(Secret(randomBytes: 32)),
            reactor: worker.reactor, time: DeskClock(), judgesAtMost: judgesAtMost,
            batchPatience: batchPatience)
        let register = PolicyRegister()
        let tag = try desk.book.lastingTag(of: register.bytes)
        try await database.transaction { try await register.write(tag, in: $0) }
        desk.start(on: worker, writesOutcomes: writesOutcomes)
        return desk
    }

    private func start(on worker: isolated Worker, writesOutcomes: Bool) {
        batcher.start(on: worker)
        reports.start(on: worker)
        if writesOutcomes { outcomes.start(on: worker) }
    }

    /// Another node on the same database, with a clock of its own; whoever opens it stops it.
    func other(on worker: isolated Worker, ahead: Period) throws -> SigningDesk {
        let desk = try SigningDesk(
            database, keyring, fingerprintKey, reactor: worker.reactor, time: DeskClock())
        desk.time.move(ahead)
        desk.start(on: worker, writesOutcomes: true)
        return desk
    }

    func stop() {
        batcher.stop()
        reports.stop()
        outcomes.stop()
    }

    private static let insertGeneration = Statement(
        "test_generation",
        derived: """
            insert into key_encryption_key (generation, wrapped) values (1, '') on conflict do nothing
            """)
}

// MARK: Asking

extension SigningDesk {
    func context(_ permissions: Set<Permission> = Set(Permission.allCases)) -> Context {
        testContext(permissions, at: time.now, principal: me)
    }

    func call(
        _ method: String, _ target: String, _ body: String = "", type: String = "application/json",
        match: String? = nil, as context: Context? = nil
    ) async throws -> TestAnswer {
        let headers = match.map { [(name: "if-match", value: $0)] } ?? []
        return try await caller.call(
            method, target, context ?? self.context(), headers: headers, body: body, type: type)
    }

    /// A confirmed key; answers its id.
    func key(
        _ label: String, of exchange: String = "binance", policy: String? = SigningDesk.policy
    ) async throws -> String {
        let made = try await call(
            "POST", "/v1/keys",
            """
            {"exchange": "\(exchange)", "account": "main", "environment": "live", "label": "\(label)",
            "permissions": ["read", "trade_spot"],
            "credential": {"api_key": "api-key-of-\(label)", "secret": "the-secret-of-\(label)"}}
            """)
        let id = try #require(made.json["id"]?.asString, "\(made.text)")
        let told = try await call("POST", "/v1/keys/\(id)/verify")
        try #require(told.json["status"]?.asString == "active", "\(told.text)")
        guard let policy else { return id }
        let published = try await call("PUT", "/v1/keys/\(id)/policy", policy, match: "\"0\"")
        try #require(published.status == 200, "\(published.text)")
        return id
    }

    /// Reads, trades and cancels, both ways.
    static let policy = #"{"operations": ["read", "trade", "cancel"], "ways": ["sign", "proxy"]}"#

    func sign(
        _ key: String, _ method: String = "GET", _ path: String = "/api/v3/account", query: String = "",
        as context: Context? = nil
    ) async throws -> TestAnswer {
        try await call(
            "POST", "/v1/keys/\(key)/sign",
            #"{"method": "\#(method)", "host": "spot", "path": "\#(path)", "query": "\#(query)"}"#,
            as: context)
    }

    func proxy(
        _ key: String, _ method: String, _ path: String, query: String = "", host: String = "spot",
        as context: Context? = nil
    ) async throws -> TestAnswer {
        let query = query.isEmpty ? "" : "?\(query)"
        return try await call(method, "/v1/keys/\(key)/proxy/\(host)\(path)\(query)", as: context)
    }

    static let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.5&price=100"

    func report(_ lines: [String], strict: Bool = false, as context: Context? = nil) async throws
        -> TestAnswer
    {
        try await call(
            "POST", "/v1/usage-events" + (strict ? "?strict=true" : ""), lines.joined(separator: "\n"),
            type: "application/x-ndjson", as: context)
    }

    /// As clients pack it.
    func report(packed lines: [UInt8]) async throws -> TestAnswer {
        let made = try testRequest(
            "POST", "/v1/usage-events",
            headers: [("content-type", "application/x-ndjson"), ("content-encoding", "gzip")])
        let request = Request(
            head: made.head, peer: made.peer, isTLS: false, receivedAt: 0, id: "req_test",
            body: RequestBody(bytes: lines, contentEncoding: "gzip"))
        return try await caller.answer(request, context())
    }

    private static let allEvents = Statement(
        "test_events", "select type, data from feed_event order by xid, id")

    /// Of the whole feed: types, and data.
    func events() async throws -> [(type: String, data: JSONValue)] {
        try await database.query(Self.allEvents).map { ($0.text(0), try JSONValue.parse($0.json(1))) }
    }

    @discardableResult
    func runJob(_ name: String) async throws -> JSONObject {
        let job = try #require(jobs.first { $0.name == name })
        return try await job.run(
            JobRun(id: ledger.newID(), context: .installation(now: time.now, requestID: "job")))
    }
}
