package import HTTPServer

/// What a request says of its caller in `Authorization` (RFC 6750 section 2.1).
package enum Credential: Equatable, Sendable {
    case absent
    /// There is something, but no access token of ours: another scheme, a typing mistake, two fields.
    case malformed
    case presented(SecretHash)
    /// By a cookie.
    case session(SecretHash)

    /// By which a standing is found; nil where nothing was presented.
    package var hash: SecretHash? {
        switch self {
        case .absent, .malformed: nil
        case .presented(let hash), .session(let hash): hash
        }
    }

    /// From a field that holds nothing else.
    package init(token: some Collection<UInt8>) {
        guard let secret = AccessTokenSecret(.accessToken, parsing: token) else {
            self = .malformed
            return
        }
        self = .presented(secret.hash)
    }

    package static func read(_ headers: HeaderFields) -> Credential {
        guard headers.contains(.authorization) else { return .absent }
        guard let secret = AccessTokenSecret.read(.accessToken, headers) else { return .malformed }
        return .presented(secret.hash)
    }
}

extension AccessTokenSecret {
    private static let scheme = Array("bearer".utf8)

    /// The secret of that purpose in `Authorization: Bearer …`; the scheme counts in any case (RFC 9110
    /// 11.1).
    static func read(_ purpose: Purpose, _ headers: HeaderFields) -> AccessTokenSecret? {
        guard headers.all(.authorization).count == 1, let value = headers.valueBytes(.authorization),
            value.prefix(scheme.count).map({ $0 | 0x20 }) == scheme
        else { return nil }
        let rest = value.dropFirst(scheme.count)
        let text = rest.drop { $0 == UInt8(ascii: " ") }
        guard text.count < rest.count else { return nil }
        return AccessTokenSecret(purpose, parsing: text)
    }
}
