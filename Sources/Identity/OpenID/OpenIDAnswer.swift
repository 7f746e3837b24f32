import HTTPServer

/// What the provider has the browser bring back (RFC 6749, 4.1.2; RFC 9207). Whatever else it adds is its
/// own business: section 4.1.2 has clients ignore it.
struct OpenIDAnswer {
    let state: String
    let code: String?
    let error: String?
    let issuer: String?

    init(_ request: Request) throws(Problem) {
        var parameters = try request.parameters()
        let state = parameters.required("state") { $0.text("state", 1...512) }
        code = parameters.text("code", 1...2_048)
        error = parameters.text("error", 1...200)
        issuer = parameters.text("iss", 1...2_048)
        parameters.passOverOthers()
        try parameters.finish()
        self.state = state ?? ""
    }
}

/// Why an answer is not followed up.
enum AnswerRefusal: Error {
    case otherIssuer
    case noCode
    /// An error code of the provider's.
    case said(String)

    var sentence: String {
        switch self {
        case .otherIssuer: "This is another provider's answer."
        case .noCode: "The provider sent no code."
        case .said(let word): "The provider said \(word)."
        }
    }
}
