import JSON
import Kernel
import Postgres
import TestSupport

/// A node with a feed of minutes from each of two stand-in exchanges.
struct FeedLine {
    let node: RunningNode
    let standIn: StandInExchange
    let venues: [StandInExchange.Venue] = [.binance, .bybit]
    private let ids: [String]

    static func make(
        _ node: RunningNode, _ standIn: StandInExchange, minutes: Int
    ) async throws -> FeedLine {
        let from = Timestamp(milliseconds: (now / 60_000 - Int64(minutes)) * 60_000)
        var ids: [String] = []
        for exchange in ["binance", "bybit"] {
            let made = try await node.must(
                "POST", "/v1/candle-feeds",
                [
                    "token": "BTC", "interval": "1m", "exchange": .string(exchange),
                    "instrument": "BTCUSDT", "environment": "testnet", "from": .string(from.description),
                ])
            ids.append(made.id)
        }
        return FeedLine(node: node, standIn: standIn, ids: ids)
    }

    private init(node: RunningNode, standIn: StandInExchange, ids: [String]) {
        (self.node, self.standIn, self.ids) = (node, standIn, ids)
    }

    static var now: Int64 { Clock.system.now().milliseconds }
    var now: Int64 { Self.now }

    // MARK: Asking

    func all() async throws -> [JSONValue] {
        var all: [JSONValue] = []
        for id in ids { all.append(try await node.must("GET", "/v1/candle-feeds/\(id)")) }
        return all
    }

    /// The job's next run, at once.
    func run() async throws {
        // Refused while one is under way, which will do as well.
        _ = try await node.call("POST", "/v1/jobs/candle-feeds/run")
    }

    /// Pulls until both stand so, and gives them.
    func pull(
        until state: String, where isWanted: (JSONValue) -> Bool = { _ in true }
    ) async throws -> [JSONValue] {
        try await eventually("both feeds are \(state)") {
            try await run()
            let all = try await all()
            return all.allSatisfy { $0["state"]?.asString == state && isWanted($0) } ? all : nil
        }
    }

    func rewind(to milliseconds: Int64) async throws {
        try await patch(["next_open": .string(Timestamp(milliseconds: milliseconds).description)])
    }

    /// Asked next at once.
    func hasten() async throws { try await patch(["enabled": true]) }

    private func patch(_ body: JSONValue) async throws {
        for id in ids {
            let answer = try await node.call(
                "PATCH", "/v1/candle-feeds/\(id)", body, headers: [(name: "if-match", value: "*")])
            guard answer.status == 200 else { throw Impatience("\(answer.status) \(answer.text)") }
        }
    }

    // MARK: What is there

    struct Stored {
        var count: Int
        /// From the first to the last, both included.
        var minutes: Int
        var last: Int64
        var revised: Int
    }

    private static let stored = Statement(
        "test_feed_stored",
        """
        select count(*), min(c.open_time), max(c.open_time), count(*) filter (where c.revision > 1)
        from candle c join series s on s.id = c.series where s.source = $1::text
        """)

    func stored(_ feed: JSONValue) async throws -> Stored {
        guard let url = node.databaseURL else { throw Impatience("no database") }
        let source = feed["source"]?.asString ?? ""
        return try await ScratchDatabase(url: url).visit { _, database in
            guard let row = try await database.query(Self.stored, .text(source)).first else {
                throw Impatience("no row")
            }
            let (first, last) = (row.timestamp(1).milliseconds, row.timestamp(2).milliseconds)
            return Stored(
                count: row.int(0), minutes: Int((last - first) / 60_000) + 1, last: last,
                revised: row.int(3))
        }
    }

    /// Events of feeds, oldest first.
    func told() async throws -> [String] {
        try await node.told("candle_feed.*").compactMap { $0["type"]?.asString }
    }

    // MARK: The exchanges

    func behave(_ behaviours: [StandInExchange.Venue: StandInExchange.Behaviour]) async throws {
        for venue in venues { try await standIn.behave(behaviours[venue] ?? .init(), at: venue) }
    }

    /// The number of the newest request.
    func newest() async throws -> Int64 {
        try await requests(after: 0).flatMap { $0 }.map(\.number).max() ?? 0
    }

    /// By exchange.
    func requests(after number: Int64) async throws -> [[StandInExchange.Record]] {
        var all: [[StandInExchange.Record]] = []
        for venue in venues { all.append(try await standIn.requests(venue, after: number)) }
        return all
    }

    struct Misfortune {
        var isFatal = true
        var behaviours: [StandInExchange.Venue: StandInExchange.Behaviour] = [:]

        init(isFatal: Bool = true, _ edit: (inout StandInExchange.Behaviour) -> Void) {
            self.isFatal = isFatal
            for venue in [StandInExchange.Venue.binance, .bybit] {
                var behaviour = StandInExchange.Behaviour()
                edit(&behaviour)
                behaviours[venue] = behaviour
            }
        }

        /// An answer with status 200 that is as each of them would write it, but for its rows.
        init(rows: String) {
            self.init { $0.fail = 200 }
            behaviours[.binance]?.body = rows
            behaviours[.bybit]?.body =
                #"{"retCode":0,"retMsg":"OK","result":{"symbol":"BTCUSDT","list":\#(rows)}}"#
        }
    }

    static var misfortunes: [Misfortune] {
        let time = (now / 60_000 - 900) * 60_000
        return [
            Misfortune { $0.drop = .midAnswer }, Misfortune { $0.drop = .afterRequest },
            Misfortune { $0.rubbish = true }, Misfortune { $0.huge = 3 << 20 },
            Misfortune { $0.fail = 502 }, Misfortune { $0.maintenance = true },
            Misfortune(isFatal: false) { $0.dripMilliseconds = 20 },
            Misfortune(rows: #"[[\#(time),"1","0.5","2","1","1"]]"#),
            Misfortune(rows: #"[[\#(time),"1e999","nan","-1","0","x"]]"#),
            Misfortune(rows: #"[["0","1","2","1","1","1"]]"#),
            Misfortune(rows: #"[[[[[[["1"]]]]]], {"a": 1}]"#),
        ]
    }
}

extension JSONValue {
    fileprivate func text(_ name: String) -> String { self[name]?.asString ?? "" }

    /// In milliseconds.
    func time(_ name: String) -> Int64? { Timestamp(text(name))?.milliseconds }
}
