import Access
import EventLoop
import Kernel

/// One upload under way: reads rows, hands full chunks over to be written, and counts verdicts. At most one
/// chunk is being written while the next one fills.
final class CandleUpload {
    /// Refused rows that are listed; all are counted.
    static let mostErrors = 1_000
    /// Rows wait no longer than that for their chunk to fill.
    static let longestWait: Period = .seconds(1)
    /// Bytes that are parsed before others have their turn on the loop: about 2 ms.
    static let slice = 64 * 1_024

    struct Demand {
        var source: String
        var interval: Interval?
        var token: String?
    }

    private let demand: Demand
    private let context: Context
    private let clock: Clock
    private let reactor: Reactor
    private let submit: (CandleWriter.Work) -> Void
    private var reader: CandleReader
    private var lastToken = ""
    private var chunk = CandleChunk()
    /// Cut off from `chunk`, in their order.
    private var ready: [CandleChunk] = []
    private var underWay: CandleWriter.Work?
    private var timer: TimerID?

    private(set) var received = 0
    private(set) var refused = 0
    private(set) var errors: [RowError] = []
    private(set) var counts = CandleCounts()
    private(set) var series: Set<Int> = []
    private(set) var changed: Set<Int> = []

    var changedRows: Int { counts.inserted + counts.revised }

    /// - Parameter submit: hands chunks to whoever writes them.
    init(
        _ format: CandleReader.Format, _ demand: Demand, context: Context, clock: Clock, reactor: Reactor,
        submit: @escaping (CandleWriter.Work) -> Void
    ) {
        (self.demand, self.context, self.clock) = (demand, context, clock)
        (self.reactor, self.submit) = (reactor, submit)
        reader = CandleReader(
            format,
            defaults: CandleDefaults(token: demand.token, source: demand.source, interval: demand.interval))
    }

    /// Reads a piece of the body, and waits while the database is behind.
    nonisolated(nonsending) func take(_ bytes: [UInt8]) async throws {
        try await parse(bytes)
        while !ready.isEmpty { try await settleOne() }
        keepTime()
    }

    /// After the last byte: stores what is left.
    nonisolated(nonsending) func finish() async throws {
        try parseEnd()
        try await drain()
    }

    /// Stores what was read whole, also when the rest will never come.
    nonisolated(nonsending) func drain() async throws {
        stopTime()
        cut()
        while !ready.isEmpty || underWay != nil { try await settleOne() }
    }

    private nonisolated(nonsending) func settleOne() async throws {
        if let work = underWay {
            let outcome = await work.outcome()
            // The timer may have counted it meanwhile, and handed over the next one.
            if underWay === work {
                underWay = nil
                count(try outcome.get())
            }
        }
        submitNext()
    }

    private func submitNext() {
        guard underWay == nil, !ready.isEmpty else { return }
        let work = CandleWriter.Work(
            [ready.removeFirst()], source: demand.source, context: context, isStrict: false)
        underWay = work
        submit(work)
    }

    func count(_ result: ChunkWrite.Result) {
        counts += result.counts
        series.formUnion(result.series)
        changed.formUnion(result.changed)
        for error in result.refused { refuse(error) }
    }
}

// MARK: Parsing

extension CandleUpload {
    nonisolated(nonsending) func parse(_ bytes: [UInt8]) async throws {
        var start = 0
        while start < bytes.count {
            let end = min(start + Self.slice, bytes.count)
            let now = clock.now()
            try bytes.withUnsafeBufferPointer { all throws(CandleFormatError) in
                try reader.push(UnsafeBufferPointer(rebasing: all[start..<end])) { line, row in
                    judge(line, row, now)
                }
            }
            start = end
            if start < bytes.count { await Task.yield() }
        }
    }

    func parseEnd() throws(CandleFormatError) {
        let now = clock.now()
        try reader.finish { line, row in judge(line, row, now) }
    }

    private func judge(_ line: Int, _ row: Result<CandleRow, RowRefusal>, _ now: Timestamp) {
        received += 1
        do throws(RowRefusal) {
            let row = try row.get()
            try check(row)
            append(try Candle.validate(row, now: now), row, line)
        } catch {
            refuse(RowError(line: line, code: error.code, message: error.message))
        }
    }

    /// What the address says holds for every row.
    private func check(_ row: CandleRow) throws(RowRefusal) {
        if let interval = demand.interval, row.interval != interval {
            throw .intervalMismatch(row.interval, interval)
        }
        if row.source != demand.source { throw .sourceMismatch(row.source, demand.source) }
        guard row.token != lastToken else { return }
        if let token = demand.token, row.token != token { throw .tokenMismatch(row.token, token) }
        guard Token.isSymbol(row.token) else { throw .notASymbol }
        lastToken = row.token
    }

    private func append(_ candle: Candle, _ row: CandleRow, _ line: Int) {
        if !chunk.append(candle, row.token, row.interval, line: line) {
            cut()
            _ = chunk.append(candle, row.token, row.interval, line: line)
        }
        if chunk.isFull { cut() }
    }

    private func cut() {
        guard !chunk.isEmpty else { return }
        ready.append(chunk)
        chunk = CandleChunk()
    }

    func refuse(_ error: RowError) {
        refused += 1
        if errors.count < Self.mostErrors { errors.append(error) }
    }

    /// Everything that was read, for an upload that is stored whole or not at all.
    func takeAll() -> [CandleChunk] {
        cut()
        defer { ready = [] }
        return ready
    }
}

// MARK: A slow client

extension CandleUpload {
    /// Rows of a client that sends slowly are stored after a second all the same.
    private func keepTime() {
        guard timer == nil, !chunk.isEmpty else { return }
        timer = reactor.schedule(afterNanoseconds: Self.longestWait.nanoseconds) { [weak self] in
            self?.timeIsUp()
        }
    }

    func timeIsUp() {
        timer = nil
        cut()
        // A failure is left to whoever waits for it.
        if case .success(let result) = underWay?.finished {
            underWay = nil
            count(result)
        }
        submitNext()
    }

    private func stopTime() {
        if let timer { reactor.cancel(timer) }
        timer = nil
    }
}
