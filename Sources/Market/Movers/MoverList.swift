import Access
import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// Movers that are watched: who enters the first `size` of either side, or leaves it, is told.
struct MoverList: Sendable {
    /// Of all together: each is measured when candles of its market close.
    static let atMost = 100
    static let mostSize = 100

    let id: MoverListID
    let owner: PrincipalID
    var name: String
    var source: String
    var interval: Interval
    var window: MoverWindow
    var minVolume: Double
    var size: Int
    /// The newest candle at which it was measured.
    var measuredAt: Timestamp?
    let createdAt: Timestamp
    var updatedAt: Timestamp
    var revision: Int64

    var detail: JSONValue {
        [
            "name": .string(name), "source": .string(source), "interval": .string(interval.rawValue),
            "window": .string(window.text), "size": .number(JSONNumber(size)),
        ]
    }
}

extension MoverList {
    init(_ id: MoverListID, owner: PrincipalID, at now: Timestamp, _ fields: consuming Fields)
        throws(FieldErrors)
    {
        var f = fields
        let name = f.marketName()
        let source = f.source()
        let names = Interval.allCases.map(\.rawValue).joined(separator: ", ")
        let interval = f.parsed("interval", expected: "one of \(names)") { Interval(rawValue: $0) }
        let window = f.moverWindow()
        let minVolume = f.double("min_volume", 0...Self.largestVolume, default: 0)
        let size = f.int("size", 1...Self.mostSize, default: 10)
        if let interval { f.check(window, interval) }
        try f.finish()
        guard let window, let interval else { preconditionFailure("what is missing is a mistake") }
        self.init(
            id: id, owner: owner, name: name, source: source, interval: interval, window: window,
            minVolume: minVolume, size: size, measuredAt: nil, createdAt: now, updatedAt: now, revision: 1)
    }

    static let largestVolume = 1e18

    /// What is not named stays. Answers whether something else is measured from now on.
    mutating func change(by fields: consuming Fields) throws(FieldErrors) -> Bool {
        var f = fields
        let names = ["name", "window", "min_volume", "size"].filter { f.has($0) }
        if names.isEmpty { f.fail(code: FieldCode.tooFew, "must name at least one field") }
        if names.contains("name") { name = f.marketName() }
        if names.contains("window"), let window = f.moverWindow() { self.window = window }
        if names.contains("min_volume") { minVolume = f.double("min_volume", 0...Self.largestVolume) }
        if names.contains("size") { size = f.int("size", 1...Self.mostSize) }
        f.check(window, interval)
        try f.finish()
        return names != ["name"]
    }
}

extension MoverList {
    /// Refuses one that would look at more candles than an answer may.
    nonisolated(nonsending) func checkSize(at now: Timestamp, in source: any Queryable) async throws {
        guard let message = try await excess(at: now, in: source) else { return }
        throw FieldErrors(FieldError(pointer: "/window", code: FieldCode.outOfRange, message: message))
    }

    nonisolated(nonsending) func excess(at now: Timestamp, in database: any Queryable) async throws -> String?
    {
        try await MarketMoment(source: source, interval: interval, at: nil, asOf: nil, now: now)
            .excess(candles: window.candles(of: interval), in: database)
    }
}

extension Fields {
    /// A source as candles have it.
    mutating func source() -> String {
        parsed("source", expected: "a source, as binance") { SourceName.isName($0) ? $0 : nil } ?? ""
    }

    fileprivate mutating func moverWindow() -> MoverWindow? {
        parsed("window", expected: MoverWindow.expected) { MoverWindow($0) }
    }

    fileprivate mutating func check(_ window: MoverWindow?, _ interval: Interval) {
        guard let mistake = window?.mistake(over: interval) else { return }
        fail("window", code: FieldCode.outOfRange, mistake)
    }
}

extension MoverList {
    /// - Parameter members: who is on it now; nil in lists.
    func write(_ members: [MoverStay]?, to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("name", name)
            w.field("source", source)
            w.field("interval", interval.rawValue)
            w.field("window", window.text)
            w.field("min_volume", minVolume)
            w.field("size", size)
            w.field("measured_at", measuredAt?.description)
            if let members {
                for side in Mover.Side.allCases {
                    w.array(side.rawValue, members.filter { $0.side == side }) { w, stay in w.value(stay) }
                }
            }
            w.field("owner_id", owner.description)
            w.field("created_at", createdAt.description)
            w.field("updated_at", updatedAt.description)
            w.field("revision", revision)
        }
    }
}

/// A token that is among the movers of a list.
struct MoverStay: Sendable {
    let side: Mover.Side
    let token: TokenID
    let symbol: String
    let enteredAt: Timestamp
    let candle: Timestamp
    let rank: Int
    let change: Double
}

extension MoverStay: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("token_id", token.description)
            w.field("symbol", symbol)
            w.field("entered_at", enteredAt.description)
            w.field("entered_candle", candle.description)
            w.field("entered_rank", rank)
            w.field("entered_change", change)
        }
    }
}
