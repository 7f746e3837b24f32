import EventLoop
import Glibc
import HTTPClient
import Kernel

// usage: HTTPClientBenchmark PORT COUNT CONCURRENCY [fresh]
//
// POSTs of 300 bytes from one loop to a receiver on 127.0.0.1 (receiver.c): how many a second, how long each
// took, and what of a core they cost. `fresh`: as orders go, each on a connection of its own.

struct Plan: Sendable {
    let port: UInt16
    let count: Int
    let concurrency: Int
    let isFresh: Bool

    init?(_ words: [String]) {
        guard words.count >= 4, let port = UInt16(words[1]), let count = Int(words[2]),
            let width = Int(words[3])
        else { return nil }
        (self.port, self.count, concurrency) = (port, count, width)
        isFresh = words.dropFirst(4).first == "fresh"
    }

    func request() throws -> OutgoingRequest {
        let url = try OutgoingURL("http://127.0.0.1:\(port)/hook", allowance: .privateReceivers)
        return OutgoingRequest(
            .post, url, headers: [OutgoingHeader("Content-Type", "application/json")],
            body: [UInt8](repeating: UInt8(ascii: " "), count: 300), allowance: .privateReceivers,
            mayResend: !isFresh)
    }
}

final class Tally {
    var started = 0
    /// Microseconds of each request that was answered 2xx.
    var durations: [Int64] = []
}

extension Worker {
    func measure(_ plan: Plan, _ request: OutgoingRequest) async -> [Int64] {
        let client = HTTPClient(
            on: reactor, resolver: Resolver { _ in throw Resolver.Failure("addresses only") },
            addressGuard: AddressGuard())
        let tally = Tally()
        for task in start(plan, request, client, tally) { await task.value }
        return tally.durations
    }

    /// A method of its own: its arguments belong to this worker, so the tasks may share them.
    private func start(
        _ plan: Plan, _ request: OutgoingRequest, _ client: HTTPClient, _ tally: Tally
    ) -> [Task<Void, Never>] {
        (0..<plan.concurrency).map { _ in Task { await self.send(plan, request, client, tally) } }
    }

    private func send(_ plan: Plan, _ request: OutgoingRequest, _ client: HTTPClient, _ tally: Tally) async {
        while tally.started < plan.count {
            tally.started += 1
            guard let answer = try? await client.send(request), answer.status / 100 == 2 else { continue }
            tally.durations.append(answer.duration.microseconds)
        }
    }
}

guard let plan = Plan(CommandLine.arguments) else {
    print("usage: HTTPClientBenchmark PORT COUNT CONCURRENCY [fresh]")
    exit(2)
}
let worker = try Worker()
worker.start(name: "bench")
let request = try plan.request()
let start = Clock.system.monotonicNanoseconds()
let durations = await worker.measure(plan, request).sorted()
let seconds = Double(Clock.system.monotonicNanoseconds() - start) / 1e9
var usage = rusage()
getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
let cpu =
    Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6
    + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
func percentile(_ p: Double) -> Int64 {
    durations.isEmpty ? 0 : durations[Int(Double(durations.count - 1) * p)]
}
print(
    "\(durations.count) of \(plan.count) answered, \(Int(Double(durations.count) / seconds))/s, ",
    "p50 \(percentile(0.5)) µs, p99 \(percentile(0.99)) µs, ",
    "\(Int(cpu / Double(max(plan.count, 1)))) µs of a core each", separator: ""
)
worker.stop()
