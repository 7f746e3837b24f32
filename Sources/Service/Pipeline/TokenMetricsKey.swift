import HTTPServer
import Identity

/// An access token where clients of Token Metrics put their API key.
enum TokenMetricsKey {
    private static let fields: [HeaderName] = ["api_key", "x-api-key"]

    /// Two that differ are none: nobody could say by whose rights the request was made.
    static func credential(in headers: HeaderFields) -> Credential {
        let said = fields.flatMap { headers.all($0) }.map { Credential(token: $0.utf8) }
        let bearer = Credential.read(headers)
        let all = bearer == .absent ? said : said + [bearer]
        guard let first = all.first else { return .absent }
        return all.allSatisfy { $0 == first } ? first : .malformed
    }
}

extension Request {
    /// Whether a client of Token Metrics may have written it.
    var isOfTokenMetrics: Bool { head.pathBytes.starts(with: "/v2/".utf8) }
}
