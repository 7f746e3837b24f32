import Crypto
import Kernel

/// Whom somebody says to be, in the one form that counts: every way to write an address is one identity.
struct LoginIdentity: Equatable {
    /// As `principal.email_folded` is.
    let text: String

    init(_ typed: String) {
        let scalars = typed.unicodeScalars
        let start = scalars.drop { $0.properties.isWhitespace }
        let end = start.reversed().drop { $0.properties.isWhitespace }
        text = String(String.UnicodeScalarView(end.reversed())).lowercased().normalFormC
    }

    /// Under which attempts are counted.
    var subject: String { "identity:" + Hex.encode(SHA256.hash(Array(text.utf8))) }
}
