import Access
import HTTPServer
import JSON
import Kernel

/// The rows of an upload, each with what became of it.
struct EventBatch {
    struct Row {
        let line: Int
        let event: CustomEvent
    }

    /// What becomes of a row.
    enum Verdict {
        case stored(EventID)
        /// It was stored before, under its id.
        case repeated(EventID)
        case refused(code: String, message: String)
    }

    struct Judged {
        let line: Int
        let id: String?
        let verdict: Verdict
    }

    /// Codes that a row's refusal may have; other mistakes are `malformed`.
    private static let codes: Set<String> = [
        FieldCode.wrongType, FieldCode.missing, FieldCode.unknownField, "type_not_custom", "too_large",
    ]

    private(set) var waiting: [Row] = []
    private var received = 0
    private var counts = (stored: 0, repeated: 0, refused: 0)
    private var verdicts: [Judged] = []
    private var refusals: [Judged] = []
    private var line = 0

    var hasRefusals: Bool { counts.refused > 0 }

    mutating func take(_ value: JSONValue) {
        line += 1
        received += 1
        do throws(FieldErrors) {
            waiting.append(Row(line: line, event: try CustomEvent(value)))
        } catch {
            let first = error.errors.first
            let code = first.map { Self.codes.contains($0.code) ? $0.code : FieldCode.malformed }
            // What is about the whole row has an empty pointer.
            let words = [first?.pointer, first?.message].compactMap(\.self).filter { !$0.isEmpty }
            refuse(
                code ?? FieldCode.malformed, words.joined(separator: " "), id: CustomEvent.id(in: value))
        }
    }

    /// A line of NDJSON, nil when it was too long; an empty one is none.
    mutating func take(line bytes: ArraySlice<UInt8>?) {
        guard let bytes else {
            line += 1
            received += 1
            return refuse("too_large", "has more than \(LineSplitter.longestLine) bytes")
        }
        guard bytes.contains(where: { $0 > 0x20 }) else {
            line += 1
            return
        }
        do throws(JSONError) {
            take(try JSONValue.parse(bytes))
        } catch {
            line += 1
            received += 1
            refuse(FieldCode.malformed, "is no JSON: \(error)")
        }
    }

    /// What became of the rows that waited.
    mutating func committed(_ judged: [Judged]) {
        waiting = []
        for row in judged { note(row) }
    }

    private mutating func refuse(_ code: String, _ message: String, id: String? = nil) {
        note(Judged(line: line, id: id, verdict: .refused(code: code, message: message)))
    }

    private mutating func note(_ row: Judged) {
        if verdicts.count < EventUpload.verdictsListedAtMost { verdicts.append(row) }
        switch row.verdict {
        case .stored: counts.stored += 1
        case .repeated: counts.repeated += 1
        case .refused:
            counts.refused += 1
            if refusals.count < EventUpload.verdictsListedAtMost { refusals.append(row) }
        }
    }
}

// MARK: Answers

extension EventBatch {
    /// `EventUploadResult` of openapi.yaml.
    var response: Response {
        Response.object { w in
            w.field("received", received)
            w.field("stored", counts.stored)
            w.field("repeated", counts.repeated)
            w.field("refused", counts.refused)
            w.array("errors", refusals.sorted { $0.line < $1.line }) { w, refusal in
                guard case .refused(let code, let message) = refusal.verdict else { return }
                w.object { w in
                    w.field("line", refusal.line)
                    w.field("code", code)
                    w.field("message", message)
                }
            }
            w.array("verdicts", verdicts.sorted { $0.line < $1.line }) { w, row in
                w.object { w in row.writeFields(to: &w) }
            }
        }
    }

    var problem: Problem { Self.problem(refusals, received: received, refused: counts.refused) }

    static func problem(_ rows: [Judged], received: Int, refused: Int) -> Problem {
        Problem(
            .rowsRefused, "\(refused) of \(received) events do not fit; nothing was stored.",
            errors: rows.compactMap { row in
                guard case .refused(let code, let message) = row.verdict else { return nil }
                return FieldError(pointer: "line:\(row.line)", code: code, message: message)
            },
            members: [("received", .number(JSONNumber(received))), ("refused", .number(JSONNumber(refused)))])
    }
}

extension EventBatch.Judged {
    /// `EventVerdict` of openapi.yaml.
    fileprivate func writeFields(to w: inout JSONWriter) {
        w.field("line", line)
        w.field("id", id)
        switch verdict {
        case .stored(let event):
            w.field("verdict", "stored")
            w.field("event_id", event.description)
        case .repeated(let event):
            w.field("verdict", "repeated")
            w.field("event_id", event.description)
        case .refused:
            w.field("verdict", "refused")
            w.null("event_id")
        }
    }
}
