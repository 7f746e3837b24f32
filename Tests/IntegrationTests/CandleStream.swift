import EventLoop
import JSON
import Synchronization
import TestSupport

/// A bulk upload under way: everything but the last row is sent as fast as the service takes it, and the last
/// one when the test says so.
final class CandleStream: Sendable {
    private static let rowsOfSeries = 10_000
    private static let minute = 60

    private let connection: LoopbackConnection
    private let body: [UInt8]
    private let lastRow: Int
    private let head: String
    private let sent = Mutex(false)

    init(to node: RunningNode, rows: Int) throws {
        connection = try LoopbackConnection(to: node.port)
        var text = "token,interval,open_time,open,high,low,close,volume\n"
        var last = 0
        for row in 0..<rows {
            last = text.utf8.count
            let (series, place) = row.quotientAndRemainder(dividingBy: Self.rowsOfSeries)
            let time = (1_577_836_800 + place * Self.minute) * 1_000
            let price = 100 + place % 50
            text += "BULK\(series),1m,\(time),\(price),\(price + 2),\(price - 2),\(price + 1),1000\n"
        }
        (body, lastRow) = (Array(text.utf8), last)
        head = node.head(
            "POST", "/v1/candles?source=bulk", length: body.count,
            headers: [(name: "content-type", value: "text/csv")])
    }

    var isComplete: Bool { sent.withLock { $0 } }

    /// All but the last row.
    func begin() async throws {
        try await blockingThreads.run { [self] in
            try connection.send(head)
            try connection.send(Array(body[..<lastRow]))
        }
    }

    /// The last row; then what the service says to all of them.
    func finish() async throws -> JSONValue {
        sent.withLock { $0 = true }
        return try await blockingThreads.run { [self] in
            try connection.send(Array(body[lastRow...]))
            guard let answer = try connection.receive(), answer.status == 200 else {
                throw Impatience("the upload was not taken")
            }
            return answer.json
        }
    }
}
