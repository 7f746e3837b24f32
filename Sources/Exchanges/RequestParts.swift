// What several recipes share.

extension RequestDraft {
    /// Path and query as sent.
    var target: String {
        query.isEmpty ? path : path + "?" + PercentEncoding.encode(query)
    }

    /// The body where an exchange reads JSON only; nil when there is none.
    func jsonBody() throws(SigningError) -> [UInt8]? {
        switch body {
        case .none: nil
        case .json(let bytes): bytes
        case .form: throw .unsupportedPart(.body)
        }
    }
}

extension ExchangeHost {
    func url(_ path: String, query: String) -> String {
        query.isEmpty ? base + path : "\(base)\(path)?\(query)"
    }
}

extension SignedRequest.Header {
    static let json = Self("Content-Type", "application/json")
    static let form = Self("Content-Type", "application/x-www-form-urlencoded")
}

extension String {
    /// `a, b` as two; nothing as none.
    var commaSeparated: [String] {
        split { $0 == "," || $0 == " " }.map(String.init)
    }
}
