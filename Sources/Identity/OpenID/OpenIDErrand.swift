import Access
import Kernel

/// What comes of a visit to the provider.
enum OpenIDErrand: Equatable, Sendable {
    case logIn
    /// Whoever is signed in becomes the provider's person, too.
    case link(SessionID)
    /// Whoever is signed in shows the provider's second factor again.
    case stepUp(SessionID)

    init?(_ text: String, session: SessionID?) {
        switch (text, session) {
        case ("login", nil): self = .logIn
        case ("link", let session?): self = .link(session)
        case ("step_up", let session?): self = .stepUp(session)
        default: return nil
        }
    }

    var text: String {
        switch self {
        case .logIn: "login"
        case .link: "link"
        case .stepUp: "step_up"
        }
    }

    var session: SessionID? {
        switch self {
        case .logIn: nil
        case .link(let session), .stepUp(let session): session
        }
    }

    /// How long ago the log-in there may have been (Core, 3.1.2.1); nil: nobody asks. Who is to be seen in
    /// person is asked for anew: a browser that was left signed in there must not do.
    func maxAge(_ settings: OpenIDSettings) -> Period? {
        if self != .logIn { return .seconds(0) }
        return settings.factorValues.isEmpty ? nil : OpenIDSettings.loginAge
    }
}
