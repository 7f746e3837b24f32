import EventLoop
import Glibc
import HTTPServer
import JSON
import Synchronization
import TestSupport

/// A bulk upload under way: a million rows as gzip CSV, made while they are sent, as fast as the service
/// takes them. It is over when the test says so, and not before.
final class CandleStream: Sendable {
    static let mostRows = 1_000_000
    /// Each series in one gzip member and one chunk.
    static let rowsOfSeries = 5_000
    private static let minute = 60
    /// Few enough that what is still on its way at the end is stored soon after.
    private static let sendBufferBytes: Int32 = 64 * 1_024

    private let connection: LoopbackConnection
    private let head: String
    private let isEnding = Atomic(false)

    init(to node: RunningNode) throws {
        connection = try LoopbackConnection(to: node.port, sendBufferBytes: Self.sendBufferBytes)
        head = node.head(
            "POST", "/v1/candles?source=bulk", length: nil,
            headers: [
                (name: "transfer-encoding", value: "chunked"), (name: "content-type", value: "text/csv"),
                (name: "content-encoding", value: "gzip"),
            ])
    }

    /// No more rows than those that are being sent.
    func end() { isEnding.store(true, ordering: .relaxed) }

    /// Sends rows until `end`; then gives how many they were, and what the service says to them.
    func run() async throws -> (rows: Int, answer: JSONValue) {
        try await blockingThreads.run { [self] in
            let rows = try sendRows()
            guard let answer = try connection.receive(), answer.status == 200 else {
                throw Impatience("the upload was not taken")
            }
            return (rows, answer.json)
        }
    }

    private func sendRows() throws -> Int {
        let gzip = try GzipEncoder()
        let bars = Self.bars
        try connection.send(head)
        try send(gzip, Array("token,interval,open_time,open,high,low,close,volume\n".utf8))
        var rows = 0
        while !isEnding.load(ordering: .relaxed) {
            if rows < Self.mostRows {
                let token = Array("BULK\(rows / Self.rowsOfSeries),1m,".utf8)
                try send(gzip, bars.flatMap { token + $0 })
                rows += Self.rowsOfSeries
            } else {
                usleep(20_000)
            }
        }
        try connection.send("0\r\n\r\n")
        return rows
    }

    private func send(_ gzip: GzipEncoder, _ text: [UInt8]) throws {
        let bytes = gzip.compress(text.span)
        try connection.send("\(String(bytes.count, radix: 16))\r\n")
        try connection.send(bytes + Array("\r\n".utf8))
    }

    /// What the rows of every series say after their interval.
    private static var bars: [[UInt8]] {
        (0..<rowsOfSeries).map { place in
            let time = (1_577_836_800 + place * minute) * 1_000
            let price = 100 + place * 7_919 % 997
            return Array("\(time),\(price),\(price + 2),\(price - 2),\(price + 1),\(place)\n".utf8)
        }
    }
}
