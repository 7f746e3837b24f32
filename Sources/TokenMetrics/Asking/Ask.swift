import HTTPServer
import JSON
import Kernel
import Signals

/// What a client of Token Metrics asks for, as far as its endpoints share it.
struct Ask: Sendable {
    /// Their numbers; nil: of any token.
    var numbers: [Int]?
    /// Tickers, upper-case; nil: of any token.
    var symbols: [String]?
    /// Exchanges are sources here; nil: of any source.
    var sources: [String]?
    /// Of which they have one at least; nil: of any.
    var categories: [String]?
    /// What people call them; nil: anything.
    var titles: [String]?
    /// Of the newest closed day, close × volume.
    var leastVolume: Double?
    /// Names of filters over what is not known here: nothing is known to pass them.
    var unanswerable: [String] = []
    var page = PageWindow()

    init() {}

    init(_ parameters: inout Parameters, most: Int = PageWindow.most) {
        numbers = parameters.list("token_id", expected: "whole numbers, as 1,2") { text in
            Int(text).flatMap { (1...Int(Int32.max)).contains($0) && !text.hasPrefix("+") ? $0 : nil }
        }
        symbols = parameters.list("symbol", expected: "tickers, as BTC,ETH") { text in
            let symbol = text.uppercased()
            return Token.isSymbol(symbol) ? symbol : nil
        }
        sources = parameters.list("exchange", expected: "sources of candles, as binance,bybit") { text in
            text.utf8.count <= 63 && !text.utf8.contains(0) ? text.lowercased() : nil
        }
        leastVolume = parameters.least("volume")
        for name in ["marketcap", "fdv"] where (parameters.least(name) ?? 0) > 0 { unanswerable.append(name) }
        categories = parameters.list("category", expected: "categories, as layer-1,nft", Self.word)
        titles = parameters.list("token_name", expected: "names of tokens, as Bitcoin,Solana", Self.word)
        page = PageWindow(&parameters, most: most)
    }

    private static func word(_ text: String) -> String? {
        text.isEmpty || text.utf8.contains(0) ? nil : text
    }

    /// For the answer's message.
    var note: String? {
        if unanswerable.isEmpty { return nil }
        return "Nothing is known here by which \(unanswerable.joined(separator: " and ")) could be passed."
    }
}

/// Which rows of a list: pages begin with number 0.
struct PageWindow: Sendable {
    static let most = 1_000
    /// Further down, dates and tokens find a row sooner than pages do.
    static let deepest = 100_000

    var limit = 50
    var offset = 0

    init() {}

    /// - Parameter most: rows that a page of this list may have; more may be asked for.
    init(_ parameters: inout Parameters, most: Int, named name: String = "limit") {
        limit = min(parameters.int(name, 1...Self.most) ?? limit, most)
        offset = (parameters.int("page", 0...Self.deepest) ?? 0) * limit
        if offset + limit > Self.deepest {
            parameters.fail(
                "page", code: FieldCode.outOfRange,
                "must not lead behind the first \(Self.deepest) rows: name tokens or dates instead")
        }
    }
}

/// Days, both included, as `[from, to)`.
struct DayRange: Sendable {
    /// As many days as an answer has that nobody gave a beginning.
    static let usual = 30

    var from: Timestamp?
    var to: Timestamp?

    init(_ parameters: inout Parameters) {
        let first = parameters.day("startDate")
        let last = parameters.day("endDate")
        if let first, let last, last < first {
            parameters.fail("endDate", code: FieldCode.outOfRange, "must not be before startDate")
        }
        to = last.map { $0 + .days(1) }
        from = first ?? to.map { $0 - .days(Int64(Self.usual)) }
    }

    /// How many days; nil where one end is open.
    private var count: Int64? {
        guard let from, let to else { return nil }
        return (to.seconds - from.seconds) / 86_400
    }

    /// What is looked for in the rows themselves is looked for in all of them, so there must not be too many.
    func bound(_ parameters: inout Parameters, _ ask: Ask) {
        let isBounded = count.map { $0 <= Self.usual + 1 } ?? (from == nil)
        if isBounded || ask.numbers != nil || ask.symbols != nil { return }
        parameters.fail(
            "startDate", code: FieldCode.outOfRange,
            "with a filter over values, name tokens, or at most \(Self.usual + 1) days by both dates")
    }
}

extension Parameters {
    /// Names between commas; white space around them does not count.
    mutating func list<Item>(_ name: String, expected: String, _ parse: (String) -> Item?) -> [Item]? {
        let most = 200
        guard let text = text(name, 1...8_000) else { return nil }
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
            .map { String($0.withoutSpaces) }
        guard words.count <= most else {
            fail(name, code: FieldCode.tooMany, "must name at most \(most)")
            return nil
        }
        let items = words.compactMap(parse)
        guard items.count == words.count else {
            fail(name, code: FieldCode.malformed, "must be \(expected)")
            return nil
        }
        return items
    }

    /// A least value, as their clients send it: a number in text.
    mutating func least(_ name: String) -> Double? {
        parsed(name, expected: "a number") { text in
            Double(text).flatMap { $0.isFinite ? $0 : nil }
        }
    }

    mutating func day(_ name: String) -> Timestamp? {
        parsed(name, expected: "a day, as 2024-01-31") { text in
            text.utf8.count == 10 ? Timestamp(text) : nil
        }
    }
}

extension Substring {
    fileprivate var withoutSpaces: Substring {
        let begun = drop { $0 == " " }
        return begun.lastIndex { $0 != " " }.map { begun[...$0] } ?? ""
    }
}
