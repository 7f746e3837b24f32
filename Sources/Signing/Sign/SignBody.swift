import Exchanges
import HTTPServer
import JSON

/// What a body asks to have signed: a request in parts, or as it would be sent.
struct SignBody {
    static let bytes = 512 * 1_024
    private static let fieldsAtMost = 256

    let incoming: IncomingRequest

    init(_ fields: Fields) throws(FieldErrors) {
        var f = fields
        let method = f.string("method", 3...10)
        if method.utf8.contains(where: { !(0x41...0x5A).contains($0) }) {
            f.fail("method", code: FieldCode.malformed, "must be a method in capitals, such as GET")
        }
        let host = f.string("host", 1...20)
        let path = f.string("path", 1...2_048)
        if !path.isEmpty, !path.hasPrefix("/") {
            f.fail("path", code: FieldCode.malformed, "must begin with /")
        }
        let query = Self.query(&f)
        let body = f.string(optional: "body", 0...262_144)
        let type = f.string(optional: "content_type", 1...100)
        try f.finish()
        incoming = IncomingRequest(
            method, host: host, path: path, query: query,
            contentType: type ?? body.flatMap(Self.type), body: Array((body ?? "").utf8))
    }

    /// Pairs of names and values, in order; or one text, exactly as it shall be sent.
    private static func query(_ f: inout Fields) -> String {
        guard let value = f.take("query"), value != .null else { return "" }
        if let text = value.asString { return text }
        guard let pairs = value.asArray, pairs.count <= fieldsAtMost else {
            f.fail(
                "query", code: FieldCode.wrongType,
                "must be a text, or a list of at most \(fieldsAtMost) pairs")
            return ""
        }
        var written: [String] = []
        for pair in pairs {
            guard let sides = pair.asArray, sides.count == 2, let name = sides[0].asString,
                let value = sides[1].asString
            else {
                f.fail("query", code: FieldCode.wrongType, "must hold pairs of a name and a value, as texts")
                return ""
            }
            written.append(RequestDraft.Field(name, value).written)
        }
        return written.joined(separator: "&")
    }

    private static func type(of body: String) -> String? {
        switch body.utf8.first {
        case nil: nil
        case UInt8(ascii: "{"), UInt8(ascii: "["): "application/json"
        default: "application/x-www-form-urlencoded"
        }
    }
}
