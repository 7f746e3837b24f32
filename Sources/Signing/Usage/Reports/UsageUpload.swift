import Access
import EventLoop
import HTTPServer
import JSON
import Kernel

/// One upload of reports under way: reads lines, hands full chunks to the writer, and counts verdicts. At
/// most one chunk is being written while the next one fills.
final class UsageUpload {
    static let refusalsListedAtMost = 1_000
    /// Lines wait no longer than that for their chunk to fill.
    private static let waitAtMost: Period = .seconds(1)
    /// Lines of a strict upload, which is one transaction.
    static let strictRows = 10_000
    /// Bytes that are parsed before others have their turn on the loop: about 2 ms.
    private static let sliceBytes = 64 * 1_024

    private let context: Context
    private let writer: ReportWriter
    private let clock: Clock
    private let reactor: Reactor
    private var isStrict = false
    private var chunk = ReportChunk()
    /// Cut off from `chunk`, in their order.
    private var ready: [ReportChunk] = []
    private var underWay: ReportWriter.Work?
    private var timer: TimerID?
    private(set) var received = 0
    private(set) var verdicts = ReportVerdicts()
    private(set) var refused = 0

    init(_ context: Context, to writer: ReportWriter, clock: Clock, reactor: Reactor) {
        var context = context
        // Idempotent by line: several transactions cannot share one claim.
        context.idempotency = nil
        (self.context, self.writer, self.clock, self.reactor) = (context, writer, clock, reactor)
    }

    nonisolated(nonsending) func receive(_ request: Request) async throws -> Response {
        var query = try request.parameters()
        isStrict = query.bool("strict", default: false)
        try query.finish()
        try request.requireType("application/x-ndjson")
        do {
            try await read(request.body)
        } catch BodyError.encoding(let error) {
            let code = error.status == .contentTooLarge ? ProblemCode.payloadTooLarge : .malformedBody
            throw Problem(code, "\(error.sentence) Of the lines before, \(verdicts.inserted) were stored.")
        }
        return response
    }

    private nonisolated(nonsending) func read(_ body: RequestBody) async throws {
        do {
            var lines = LineSplitter()
            while let part = try await body.next() { try await take(part, &lines) }
            if let last = lines.finish() { take(last.bytes(of: []), number: lines.number) }
        } catch {
            // What was read whole is stored, whatever became of the rest.
            if !isStrict { try? await drain() }
            throw error
        }
        if isStrict { try await storeAll() } else { try await drain() }
    }
}

// MARK: Lines

extension UsageUpload {
    private nonisolated(nonsending) func take(
        _ part: [UInt8], _ lines: inout LineSplitter
    ) async throws {
        var (cursor, turn) = (0, Self.sliceBytes)
        while let line = lines.next(in: part, at: &cursor) {
            take(line.bytes(of: part), number: lines.number)
            if chunk.count >= (isStrict ? Self.strictRows : ReportChunk.mostRows) { try await makeRoom() }
            if cursor > turn {
                turn = cursor + Self.sliceBytes
                await Task.yield()
            }
        }
        keepTime()
    }

    private func take(_ bytes: ArraySlice<UInt8>?, number line: Int) {
        guard let bytes else {
            received += 1
            return refuse(line, "too_large", "is longer than \(LineSplitter.longestLine) bytes")
        }
        guard bytes.contains(where: { $0 > 0x20 }) else { return }
        received += 1
        do {
            chunk.append(
                try UsageReport(try JSONValue.parse(bytes), now: clock.now()), line: line)
        } catch let mistakes as FieldErrors {
            let first = mistakes.errors.first
            let message = "\(first?.pointer ?? "") \(first?.message ?? "")"
            refuse(line, first?.code ?? FieldCode.malformed, message)
        } catch {
            refuse(line, FieldCode.malformed, "is no JSON: \(error)")
        }
    }

    private func refuse(_ line: Int, _ code: String, _ message: String) {
        count(ReportVerdicts(refusals: [.init(line: line, code: code, message: message)]))
    }

    private func count(_ new: ReportVerdicts) {
        verdicts.inserted += new.inserted
        verdicts.unchanged += new.unchanged
        refused += new.refusals.count
        for refusal in new.refusals { list(refusal) }
    }

    /// The first lines in their order: what cannot be read is known before what was stored of the lines
    /// before it.
    private func list(_ refusal: ReportVerdicts.Refusal) {
        let place = verdicts.refusals.lastIndex { $0.line < refusal.line }.map { $0 + 1 } ?? 0
        guard place < Self.refusalsListedAtMost else { return }
        verdicts.refusals.insert(refusal, at: place)
        if verdicts.refusals.count > Self.refusalsListedAtMost { verdicts.refusals.removeLast() }
    }
}

// MARK: Storing

extension UsageUpload {
    /// Cuts off a full chunk, and waits while the database is behind.
    private nonisolated(nonsending) func makeRoom() async throws {
        guard !isStrict else {
            throw Problem(
                .payloadTooLarge, "A strict upload is one transaction: fewer than \(Self.strictRows) lines.")
        }
        cut()
        while !ready.isEmpty { try await settleOne() }
    }

    /// Stores what is left.
    private nonisolated(nonsending) func drain() async throws {
        if let timer { reactor.cancel(timer) }
        timer = nil
        cut()
        while !ready.isEmpty || underWay != nil { try await settleOne() }
    }

    private func cut() {
        guard !chunk.isEmpty else { return }
        ready.append(chunk)
        chunk = ReportChunk()
    }

    private nonisolated(nonsending) func settleOne() async throws {
        if let work = underWay {
            defer { underWay = nil }
            count(try await work.verdicts())
        }
        submit()
    }

    private func submit() {
        guard underWay == nil, !ready.isEmpty else { return }
        let work = ReportWriter.Work([ready.removeFirst()], context, isStrict: false)
        underWay = work
        writer.submit(work)
    }

    /// Lines of a client that sends slowly are stored after a second all the same.
    private func keepTime() {
        guard timer == nil, !chunk.isEmpty, !isStrict else { return }
        timer = reactor.schedule(afterNanoseconds: Self.waitAtMost.nanoseconds) { [weak self] in
            guard let self else { return }
            timer = nil
            cut()
            submit()
        }
    }

    private nonisolated(nonsending) func storeAll() async throws {
        guard refused == 0 else { throw problem }
        guard !chunk.isEmpty else { return }
        let work = ReportWriter.Work([chunk], context, isStrict: true)
        writer.submit(work)
        do {
            count(try await work.verdicts())
        } catch let refusal as ReportWriter.Refused {
            count(ReportVerdicts(refusals: refusal.verdicts.refusals))
            throw problem
        }
    }
}

// MARK: What the answer says

extension UsageUpload {
    /// `UsageUploadResult` of openapi.yaml.
    private var response: Response {
        Response.object { w in
            w.field("received", received)
            w.field("inserted", verdicts.inserted)
            w.field("unchanged", verdicts.unchanged)
            w.field("refused", refused)
            w.array("errors", verdicts.refusals) { w, refusal in
                w.object { w in
                    w.field("line", refusal.line)
                    w.field("code", refusal.code)
                    w.field("message", refusal.message)
                }
            }
        }
    }

    private var problem: Problem {
        Problem(
            .rowsRefused, "\(refused) of \(received) lines do not fit; nothing was stored.",
            errors: verdicts.refusals.map {
                FieldError(pointer: "line:\($0.line)", code: $0.code, message: $0.message)
            },
            members: [("received", .number(JSONNumber(received))), ("refused", .number(JSONNumber(refused)))])
    }
}
