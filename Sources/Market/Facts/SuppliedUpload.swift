import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import Signals

/// Reads an upload of NDJSON line by line, and stores its rows chunk by chunk, each in a transaction of its
/// own; or all of it in one, when it is strict. A row that is sent again changes nothing, so an upload is
/// repeated without harm.
struct SuppliedUpload {
    /// Rows of one transaction.
    static let chunkRows = 1_000
    static let mostStrictRows = 10_000
    /// Refused rows that are listed; all are counted.
    static let mostErrors = 1_000

    typealias Parse = (consuming Fields, Timestamp) throws(FieldErrors) -> SuppliedRow
    /// Stores rows that are unlike each other, and answers with a verdict for each.
    typealias Store = nonisolated(nonsending) ([SuppliedRow], Change) async throws -> [Verdict]

    enum Verdict: Equatable, Sendable {
        case inserted, unchanged, revised
        case refused(code: String, message: String)
    }

    struct Mistake: Equatable, Sendable {
        let line: Int
        let code: String
        let message: String
    }

    let ledger: Ledger
    let context: Context
    /// As the trail calls it.
    let action: String
    let parse: Parse
    let store: Store

    private var isStrict = false
    private var rows: [(line: Int, row: SuppliedRow)] = []
    private var keys: Set<String> = []
    private var received = 0
    private var refused = 0
    private var counts = (inserted: 0, unchanged: 0, revised: 0)
    private var mistakes: [Mistake] = []

    init(
        _ ledger: Ledger, _ context: Context, action: String, parse: @escaping Parse, store: @escaping Store
    ) {
        (self.ledger, self.context, self.action) = (ledger, context, action)
        (self.parse, self.store) = (parse, store)
    }

    nonisolated(nonsending) mutating func receive(_ request: Request) async throws -> Response {
        var parameters = try request.parameters()
        isStrict = parameters.bool("strict", default: false)
        try parameters.finish()
        try request.requireType("application/x-ndjson")
        var lines = LineSplitter()
        while let part = try await request.body.next() {
            try await take(part, &lines)
        }
        if let last = lines.finish() { take(last.bytes(of: []), number: lines.number) }
        if isStrict && refused > 0 { throw refusal }
        try await flush()
        return answer
    }

    private nonisolated(nonsending) mutating func take(
        _ part: [UInt8], _ lines: inout LineSplitter
    ) async throws {
        var cursor = 0
        while let line = lines.next(in: part, at: &cursor) {
            take(line.bytes(of: part), number: lines.number)
            if isStrict && rows.count > Self.mostStrictRows {
                throw Problem(
                    .payloadTooLarge, "With strict=true an upload has at most \(Self.mostStrictRows) rows.")
            }
            if !isStrict && rows.count >= Self.chunkRows { try await flush() }
        }
    }

    private mutating func take(_ line: ArraySlice<UInt8>?, number: Int) {
        guard let line else {
            received += 1
            return refuse(number, "line_too_long", "has more than \(LineSplitter.longestLine) bytes")
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let bytes = number == 1 && line.starts(with: mark) ? line.dropFirst(mark.count) : line
        if bytes.allSatisfy({ $0 == 32 || $0 == 13 || $0 == 9 }) { return }
        received += 1
        do {
            let row = try parse(Fields(Array(bytes)), ledger.clock.now())
            guard keys.insert(row.key).inserted else {
                return refuse(number, "repeated", "stands twice among rows that are stored together")
            }
            rows.append((number, row))
        } catch let errors as FieldErrors {
            let first = errors.errors.first
            // The line itself has no pointer.
            let place = first.map { $0.pointer.isEmpty ? "the line" : $0.pointer } ?? "the line"
            refuse(number, first?.code ?? "malformed", "\(place) \(first?.message ?? "")")
        } catch {
            refuse(number, "malformed_object", "\(error)")
        }
    }

    private mutating func refuse(_ line: Int, _ code: String, _ message: String) {
        refused += 1
        if mistakes.count < Self.mostErrors {
            mistakes.append(Mistake(line: line, code: code, message: message))
        }
    }

    private nonisolated(nonsending) mutating func flush() async throws {
        let chunk = rows
        (rows, keys) = ([], [])
        guard !chunk.isEmpty else { return }
        var context = context
        // Several transactions cannot share one claim.
        context.idempotency = nil
        context.now = ledger.clock.now()
        let lines = chunk.map(\.line)
        let verdicts: [Verdict]
        do {
            verdicts = try await write(chunk.map(\.row), context)
        } catch let error as StrictRefusal {
            for case (.refused(let code, let message), let line) in zip(error.verdicts, lines) {
                refuse(line, code, message)
            }
            throw refusal
        }
        count(verdicts, lines)
    }

    private nonisolated(nonsending) func write(
        _ rows: [SuppliedRow], _ context: Context
    ) async throws -> [Verdict] {
        let (store, action, isStrict) = (store, action, isStrict)
        return try await ledger.change(context) { change in
            let verdicts = try await store(rows, change)
            if isStrict, verdicts.contains(where: { if case .refused = $0 { true } else { false } }) {
                throw StrictRefusal(verdicts: verdicts)
            }
            let changed = verdicts.filter { $0 == .inserted || $0 == .revised }.count
            if changed > 0 {
                change.audit(action, nil as String?, detail: ["rows": .number(JSONNumber(changed))])
            }
            return verdicts
        }
    }

    private mutating func count(_ verdicts: [Verdict], _ lines: [Int]) {
        for (verdict, line) in zip(verdicts, lines) {
            switch verdict {
            case .inserted: counts.inserted += 1
            case .unchanged: counts.unchanged += 1
            case .revised: counts.revised += 1
            case .refused(let code, let message): refuse(line, code, message)
            }
        }
    }

    private struct StrictRefusal: Error {
        let verdicts: [Verdict]
    }

    private var refusal: Problem {
        Problem(
            .rowsRefused, "Nothing was stored: \(refused) of \(received) rows were refused.",
            errors: mistakes.map {
                FieldError(pointer: "line:\($0.line)", code: $0.code, message: $0.message)
            },
            members: [
                ("received", .number(JSONNumber(received))), ("refused", .number(JSONNumber(refused))),
            ])
    }

    private var answer: Response {
        .object { w in
            w.field("received", received)
            w.field("inserted", counts.inserted)
            w.field("unchanged", counts.unchanged)
            w.field("revised", counts.revised)
            w.field("refused", refused)
            w.array("errors", mistakes) { w, mistake in
                w.object { w in
                    w.field("line", mistake.line)
                    w.field("code", mistake.code)
                    w.field("message", mistake.message)
                }
            }
        }
    }
}
