package import HTTPServer

/// A request as RFC 9421 looks at it.
package struct SignedMessage: Sendable {
    let method: String
    let scheme: String
    /// Lower-case, without the scheme's own port (section 2.2.3); nil when the request names none.
    let authority: String?
    /// As sent (section 2.2.6).
    let path: String
    /// Without its question mark; nil when there is no question mark.
    let query: String?
    /// Names are lower-case; values without white space around them.
    let fields: [(name: String, value: String)]

    init(
        method: String, scheme: String = "https", host: String?, path: String, query: String? = nil,
        fields: [(name: String, value: String)]
    ) {
        (self.method, self.scheme, self.path, self.query) = (method, scheme, path, query)
        (authority, self.fields) = (host.map { Self.normalised($0, scheme) }, fields)
    }

    package init(_ request: Request) {
        let head = request.head
        self.init(
            method: head.method.name, scheme: request.isTLS ? "https" : "http", host: head.headers[.host],
            path: head.path, query: head.query,
            fields: head.headers.map { field in (field.name.text, field.value) })
    }

    func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    /// The value of a field that may stand only once; nil without it.
    func only(_ name: String) throws(SignatureFault) -> String? {
        let values = values(name)
        guard values.count <= 1 else {
            throw SignatureFault(.ambiguous, "The field \(name) stands more than once.")
        }
        return values.first
    }

    private static func normalised(_ host: String, _ scheme: String) -> String {
        let (host, port) = (host.lowercased(), scheme == "https" ? ":443" : ":80")
        return host.hasSuffix(port) ? String(host.dropLast(port.utf8.count)) : host
    }
}
