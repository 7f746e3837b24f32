package import Access
package import HTTPServer
package import Kernel

/// An access token that does not count, or a log-in that failed, and why. Outsiders are told the same
/// whatever the reason.
package struct Refusal: Equatable, Sendable {
    package enum Reason: String, CaseIterable, Sendable {
        case malformed, unknown, expired, revoked, address
        case principalDisabled = "principal_disabled"
        case usedUp = "used_up"
        /// Bound to a key, and the request is not signed by it as it must be.
        case signature
        case replayed
        // Of log-ins only.
        case unknownUser = "unknown_user"
        case noPassword = "no_password"
        case wrongPassword = "wrong_password"
        case wrongFactor = "wrong_factor"
        case locked
        /// What a provider vouched for did not count; the log says why.
        case openID = "openid"
    }

    /// What was refused.
    package enum Subject: Hashable, Sendable {
        case accessToken
        /// Of nobody, where the identity is unknown.
        case login(UserID?)
    }

    /// The token, where there is one.
    package struct Known: Equatable, Sendable {
        package let token: AccessTokenID
        package let principal: PrincipalID
        package let name: String
    }

    package let reason: Reason
    package let subject: Subject
    package let known: Known?
    /// Nil for a peer on a unix socket.
    package let address: IPAddress?
    /// Of a log-in of nobody: what was typed, hashed.
    let typed: String?

    package init(_ reason: Reason, known: Known? = nil, from address: IPAddress?) {
        (self.reason, self.known, self.address, typed) = (reason, known, address, nil)
        subject = .accessToken
    }

    package init(
        loginOf user: UserID?, typed: String? = nil, _ reason: Reason, from address: IPAddress?
    ) {
        (self.reason, known, self.address, self.typed) = (reason, nil, address, typed)
        subject = .login(user)
    }
}

/// The request that was refused, as the event tells it.
package struct RefusedRequest: Equatable, Sendable {
    package let method: String
    /// The route, not the path: a closed set.
    package let route: String
    package let requestID: String

    package init(method: String, route: String, requestID: String) {
        (self.method, self.route, self.requestID) = (method, route, requestID)
    }
}

extension Problem {
    /// One answer for every reason, and for no token at all (RFC 6750 section 3).
    package static var unauthenticated: Problem {
        unauthenticated("A valid access token (Authorization: Bearer …), or a session, is needed.")
    }

    /// Where no session is enough.
    package static var accessTokenNeeded: Problem {
        unauthenticated(
            "A valid access token (Authorization: Bearer …) is needed; a session does not open this.")
    }

    /// Where something else than an access token proves who calls. One answer for every reason, too.
    package static func unauthenticated(_ detail: String) -> Problem {
        Problem(.unauthenticated, detail, headers: [(.wwwAuthenticate, "Bearer realm=\"keybell\"")])
    }
}
