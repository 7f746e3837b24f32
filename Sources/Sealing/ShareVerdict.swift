import Crypto
import HTTPServer
import JSON

/// What a share that was brought is worth.
struct ShareVerdict {
    enum Kind: String { case accepted, repeated, refused }

    let pointer: String
    let index: Int?
    let kind: Kind
    let message: String?

    static func refused(_ pointer: String, _ index: Int?, _ message: String) -> ShareVerdict {
        ShareVerdict(pointer: pointer, index: index, kind: .refused, message: message)
    }

    /// When no share was any good, the answer is no.
    static func refusal(of verdicts: [ShareVerdict]) -> FieldErrors? {
        guard verdicts.allSatisfy({ $0.kind == .refused }) else { return nil }
        return verdicts.reduce(into: FieldErrors()) { errors, verdict in
            errors.append(
                FieldError(
                    pointer: verdict.pointer, code: FieldCode.malformed, message: verdict.message ?? ""))
        }
    }
}

extension ShareVerdict: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("index", index)
            w.field("verdict", kind.rawValue)
            w.field("message", message)
        }
    }
}
