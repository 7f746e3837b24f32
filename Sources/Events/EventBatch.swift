import Access
import HTTPServer
import JSON

/// The rows of an upload, each taken or refused.
struct EventBatch {
    struct Refusal {
        let line: Int
        let code: String
        let message: String
    }

    /// Codes that a row's refusal may have; other mistakes are `malformed`.
    private static let codes: Set<String> = [
        FieldCode.wrongType, FieldCode.missing, FieldCode.unknownField, "type_not_custom", "too_large",
    ]

    private(set) var waiting: [CustomEvent] = []
    private(set) var stored = 0
    private(set) var received = 0
    private(set) var refused = 0
    private(set) var refusals: [Refusal] = []
    private var line = 0

    mutating func take(_ value: JSONValue) {
        line += 1
        received += 1
        do throws(FieldErrors) {
            waiting.append(try CustomEvent(value))
        } catch {
            let first = error.errors.first
            let code = first.map { Self.codes.contains($0.code) ? $0.code : FieldCode.malformed }
            refuse(code ?? FieldCode.malformed, "\(first?.pointer ?? "") \(first?.message ?? "")")
        }
    }

    /// A line of NDJSON; an empty one is none.
    mutating func take(line bytes: ArraySlice<UInt8>) {
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

    mutating func committed() {
        stored += waiting.count
        waiting = []
    }

    private mutating func refuse(_ code: String, _ message: String) {
        refused += 1
        guard refusals.count < EventUpload.refusalsListedAtMost else { return }
        refusals.append(Refusal(line: line, code: code, message: message))
    }
}

extension EventBatch {
    /// `EventUploadResult` of openapi.yaml.
    var response: Response {
        Response.object { w in
            w.field("received", received)
            w.field("stored", stored)
            w.field("refused", refused)
            w.array("errors", refusals) { w, refusal in
                w.object { w in
                    w.field("line", refusal.line)
                    w.field("code", refusal.code)
                    w.field("message", refusal.message)
                }
            }
        }
    }

    var problem: Problem {
        Problem(
            .rowsRefused, "\(refused) of \(received) events do not fit; nothing was stored.",
            errors: refusals.map {
                FieldError(pointer: "line:\($0.line)", code: $0.code, message: $0.message)
            },
            members: [("received", .number(JSONNumber(received))), ("refused", .number(JSONNumber(refused)))])
    }
}
