import Access
import EventLoop
import Events
import Glibc
import HTTPServer
import Kernel
import Postgres
import Signals
import TestSupport

// One gzip CSV of new candles through the endpoint's handler, against COPY of the same rows into a table with
// the same index, and single candles up to their grades; in one process beside a scratch cluster. What it
// leaves out: sockets, HTTP, authentication, and the disk (the scratch cluster does not sync).

let tokens = 20
let hours = 50_000
let rows = tokens * hours

func body() throws -> [UInt8] {
    var dice = SystemRandomNumberGenerator()
    var text: [UInt8] = Array("token,interval,open_time_iso8601,open,high,low,close,volume\n".utf8)
    for token in 0..<tokens {
        var price = 100.0
        for hour in 0..<hours {
            let close = price * (1 + Double.random(in: -0.01...0.01, using: &dice))
            let time = Timestamp(seconds: 1_420_070_400 + Int64(hour) * 3_600)
            func cut(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
            let high = cut(max(price, close) * 1.001)
            let low = cut(min(price, close) * 0.999)
            text += Array(
                "B\(token),1h,\(time),\(cut(price)),\(high),\(low),\(cut(close)),\(hour % 977)\n".utf8)
            price = close
        }
    }
    return try GzipEncoder().compress(text.span)
}

func seconds(since begin: UInt64) -> Double {
    Double(Clock.system.monotonicNanoseconds() - begin) / 1e9
}

let packed = try body()
print("\(rows) rows, \(packed.count >> 10) KiB gzip")
for round in 1...3 {
    try await ScratchDatabase.make().withDatabase { worker, database in
        let ledger = Ledger(database: database, clock: .system, entropy: .system)
        let writer = CandleWriter(ledger: ledger)
        let analyst = Analyst(ledger: ledger, reactor: worker.reactor)
        let endpoints = UploadEndpoints(
            writer: writer, analyst: analyst, reactor: worker.reactor, clock: .system)
        writer.start(on: worker)
        defer { writer.stop() }
        let names = ["new", "same again"]
        for name in names {
            let made = try testRequest(
                "POST", "/v1/candles?source=bench", headers: [(name: "content-type", value: "text/csv")])
            let request = Request(
                head: made.head, peer: made.peer, isTLS: false, receivedAt: 0, id: "req_bench",
                body: RequestBody(bytes: packed, contentEncoding: "gzip"))
            let begin = Clock.system.monotonicNanoseconds()
            _ = try await endpoints.operations[0].handle(request, testContext(at: Clock.system.now()))
            let time = seconds(since: begin)
            print("round \(round), \(name): \(Int(Double(rows) / time)) rows/s, \(time) s")
        }
        let plain = try await database.connector.plainConnection()
        defer { plain.close() }
        try await plain.run("copy candle to '/tmp/keybell-bench-candles.csv' (format csv)")
        try await plain.run("create table candle_copy (like candle including all)")
        let begin = Clock.system.monotonicNanoseconds()
        try await plain.run("copy candle_copy from '/tmp/keybell-bench-candles.csv' (format csv)")
        let time = seconds(since: begin)
        print("round \(round), COPY: \(Int(Double(rows) / time)) rows/s, \(time) s")
        analyst.start(on: worker)
        defer { analyst.stop() }
        let analysis = Clock.system.monotonicNanoseconds()
        while try await analyst.sweepAndSettle(within: .minutes(5)) > 0 {}
        print("round \(round), analysis: \(seconds(since: analysis)) s")
        var times: [Double] = []
        for hour in 0..<200 {
            let time = Timestamp(seconds: 1_420_070_400 + Int64(hours + hour) * 3_600)
            let text = "token,interval,open_time,open,high,low,close,volume\nB3,1h,\(time),100,101,99,100,5\n"
            let made = try testRequest(
                "POST", "/v1/candles?source=bench", headers: [(name: "content-type", value: "text/csv")],
                body: Array(text.utf8))
            let begin = Clock.system.monotonicNanoseconds()
            _ = try await endpoints.operations[0].handle(made, testContext(at: Clock.system.now()))
            times.append(seconds(since: begin) * 1_000)
        }
        times.sort()
        print("round \(round), one candle to its grade: p50 \(times[100]) ms, p99 \(times[198]) ms")
    }
}
