/// The content codings that we speak (RFC 9110 8.4.1).
package enum ContentCoding: String, Sendable {
    case identity
    case gzip

    /// The coding of a request's body by its Content-Encoding, or nil for one that we do not speak (415).
    /// Only one coding at a time: "gzip, gzip" is a bomb, not a need.
    package init?(contentEncoding: String?) {
        switch contentEncoding?.lowercased() {
        case nil, "identity": self = .identity
        case "gzip", "x-gzip": self = .gzip
        default: return nil
        }
    }

    /// What to answer in, by `headers.list(.acceptEncoding)`: gzip when the client takes it at least as
    /// gladly as plain bytes. A malformed list is taken for none, because plain bytes are always right.
    package static func negotiated(acceptEncoding: String?) -> ContentCoding {
        guard let acceptEncoding, let weights = weights(acceptEncoding) else { return .identity }
        let gzip = weights["gzip"] ?? weights["x-gzip"] ?? weights["*"]
        let identity = weights["identity"] ?? 0
        guard let gzip, gzip > 0, gzip >= identity else { return .identity }
        return .gzip
    }

    /// More have no honest sender.
    private static let codingLimit = 16

    /// coding → thousandths; nil when malformed.
    private static func weights(_ text: String) -> [String: Int]? {
        var reader = FieldReader(text)
        var weights: [String: Int] = [:]
        reader.skipBlanks()
        if reader.isAtEnd { return weights }
        repeat {
            guard weights.count < codingLimit, let coding = reader.token(),
                let parameters = reader.parameters(),
                parameters.isEmpty || parameters.map(\.name) == ["q"]
            else { return nil }
            guard let weight = parameters.isEmpty ? .most : Weight(parameters[0].value) else { return nil }
            weights[coding] = weight.thousandths
        } while reader.takeComma()
        return reader.isAtEnd ? weights : nil
    }
}
