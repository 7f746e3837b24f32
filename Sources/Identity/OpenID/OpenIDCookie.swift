import HTTPServer
import Kernel

/// Binds a log-in to the browser that began it. Lax, because the provider sends the browser here: Strict
/// would keep it back.
enum OpenIDCookie {
    static let name = "__Host-keybell_oidc"

    static func text(_ value: String, for lifetime: Period) -> String {
        let seconds = lifetime.microseconds / 1_000_000
        return "\(name)=\(value); Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=\(seconds)"
    }

    /// Nil when there is none, or more than one.
    static func read(_ headers: HeaderFields) -> String? {
        let values = headers.all(.cookie).flatMap { $0.split(separator: ";") }.compactMap { pair in
            let pair = pair.drop { $0 == " " }
            return pair.hasPrefix("\(name)=") ? pair.dropFirst(name.utf8.count + 1) : nil
        }
        return values.count == 1 ? values.first.map(String.init) : nil
    }
}
