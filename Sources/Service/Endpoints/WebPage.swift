import Crypto
import HTTPServer

/// A page behind a link that somebody is sent, where they paste a secret, choose a password or read an alert.
/// It is one file with nothing from elsewhere, and the browser is told to run and load nothing but what
/// stands in it.
enum WebPage {
    static func response(_ file: String) -> Response {
        let page = Assets.bytes("Web/\(file)") ?? []
        return Response(.ok, type: "text/html; charset=utf-8", body: .bytes(page))
            .header(.contentSecurityPolicy, policy(of: String(decoding: page, as: UTF8.self)))
    }

    /// CSP level 3: the page's own script and style by their hashes, calls to this service, and no form that
    /// a browser would send by itself.
    static func policy(of page: String) -> String {
        [
            "default-src 'none'", "script-src \(hash(of: "script", in: page))",
            "style-src \(hash(of: "style", in: page))", "connect-src 'self'", "form-action 'none'",
            "base-uri 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
    }

    private static func hash(of element: String, in page: String) -> String {
        guard let start = page.firstRange(of: "<\(element)>"), let end = page.firstRange(of: "</\(element)>"),
            start.upperBound <= end.lowerBound
        else { return "'none'" }
        let content = Array(page[start.upperBound..<end.lowerBound].utf8)
        return "'sha256-\(Base64.encode(SHA256.hash(content)))'"
    }
}
