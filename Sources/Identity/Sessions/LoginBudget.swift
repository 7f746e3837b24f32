import Access
import Crypto
import Kernel

/// Whose attempts are counted together. Texts are hashed: people type their passwords into the wrong field.
/// Whoever proved something before has a budget that no stranger shares.
enum LoginBudget: Equatable {
    /// Whoever types an email address.
    case identity(LoginIdentity)
    /// A browser that its user logged in with before.
    case device(KnownDevice)
    /// Whoever tries somebody's passkey locks nobody's password. Nobody guesses a signature.
    case passkey([UInt8])
    /// The second step, to which the first one leads.
    case factor(UserID)
    /// What somebody who is let in already shows once more. Whoever took over an access token, or one
    /// session, locks out nobody who comes by another.
    case shown(Shown, UserID, by: Actor)

    enum Shown: String { case password, code }

    /// What was typed or shown, where it may be nobody's.
    var typed: String? {
        switch self {
        case .identity(let identity): identity.subject
        case .passkey(let credential): "passkey:" + Hex.encode(SHA256.hash(credential))
        case .device, .factor, .shown: nil
        }
    }

    struct Subject: Equatable {
        let text: String
        let kind: LoginTally.Kind
    }

    /// What is counted of an attempt: first its own origin, then what it shares with others.
    func subjects(from address: IPAddress?) -> [Subject] {
        let place = Self.place(address)
        let here = Subject(text: "address:" + place, kind: .address)
        switch self {
        case .identity(let identity):
            return [origin("\(identity.subject)@\(place)"), crowd(identity.subject, .passwords), here]
        case .device(let device): return [origin("device:" + Hex.encode(device.hash.bytes))]
        case .passkey(let credential):
            return [origin("passkey:\(Hex.encode(SHA256.hash(credential)))@\(place)"), here]
        case .factor(let user):
            return [origin("factor:\(user)@\(place)"), crowd("factor:\(user)", .codes), here]
        case .shown(let shown, let user, let actor):
            if let session = actor.session { return [origin("\(shown.rawValue):\(session)")] }
            // Of access tokens somebody may hold many.
            let bearer =
                actor.accessToken.map { "\(shown.rawValue):\($0)" } ?? "\(shown.rawValue):\(user)@\(place)"
            let pace: LoginTally.Pace = shown == .code ? .codes : .passwords
            return [origin(bearer), crowd("\(shown.rawValue):\(user)", pace)]
        }
    }

    private func origin(_ text: String) -> Subject { Subject(text: text, kind: .origin) }

    private func crowd(_ text: String, _ pace: LoginTally.Pace) -> Subject {
        Subject(text: text, kind: .crowd(pace))
    }

    private static func place(_ address: IPAddress?) -> String {
        guard let address else { return "unix" }
        return address.family == .v4 ? address.description : address.host.description
    }
}
