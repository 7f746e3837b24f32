import HTTPServer
import Kernel

/// Pages of candles that this worker answered a moment ago, as bytes. Each request asks the database first
/// how its series stands, and gets what is kept only when it stands as it did before that page was read:
/// whatever node a candle came by, no page is older than its request. It may be newer.
final class KeptPages {
    /// Of each worker. A page of a thousand candles has 200 KB.
    static let mostBytes = 16 << 20
    static let mostPages = 256

    /// What is asked for, however the request wrote it.
    struct Question: Hashable {
        var series: Int
        var interval: Interval
        var from: Timestamp
        var to: Timestamp
        var asOf: Timestamp
        var isAscending: Bool
        var limit: Int
    }

    /// What else the answer depends on. The version moves with every change of the series' candles; a
    /// database that was restored may come to the same one again, but not at the same moment.
    struct Standing: Equatable {
        var symbol: String
        var version: Int64
        var updatedAt: Timestamp
    }

    private struct Page {
        var standing: Standing
        var body: KeptBody
        var usedAt: UInt64
    }

    private let mostBytes: Int
    private let mostPages: Int
    private var pages: [Question: Page] = [:]
    private var uses: UInt64 = 0

    init(mostBytes: Int = KeptPages.mostBytes, mostPages: Int = KeptPages.mostPages) {
        (self.mostBytes, self.mostPages) = (mostBytes, mostPages)
    }

    var count: Int { pages.count }

    /// Pages are compressed after they were kept, so what they hold is asked, not noted.
    var heldBytes: Int { pages.values.reduce(0) { $0 + $1.body.heldBytes } }

    func page(_ question: Question, _ standing: Standing) -> KeptBody? {
        guard let page = pages[question], page.standing == standing else { return nil }
        uses += 1
        pages[question]?.usedAt = uses
        return page.body
    }

    /// - Parameter standing: as it was read before the page.
    func keep(_ body: KeptBody, _ question: Question, _ standing: Standing) {
        uses += 1
        pages[question] = Page(standing: standing, body: body, usedAt: uses)
        while pages.count > mostPages || heldBytes > mostBytes, let oldest {
            pages[oldest] = nil
        }
    }

    private var oldest: Question? { pages.min { $0.value.usedAt < $1.value.usedAt }?.key }
}

extension KeptPages.Standing {
    init(_ series: ReadSeries) {
        self.init(symbol: series.stored.symbol, version: series.stored.version, updatedAt: series.updatedAt)
    }
}
