import Access
import Crypto
import Kernel

/// Whose attempts are counted together. Texts are hashed: people type their passwords into the wrong field.
enum LoginBudget: Equatable {
    /// Whoever types an address, from wherever.
    case identity(LoginIdentity)
    /// A browser that its user logged in with before: a stranger has no share in it.
    case device(KnownDevice)
    /// Whoever tries somebody's passkey locks nobody's password.
    case passkey([UInt8])
    /// The second step, to which the first one leads.
    case factor(UserID)
    /// The old password, typed by whoever is signed in already.
    case ownPassword(UserID)

    var subject: String {
        switch self {
        case .identity(let identity): identity.subject
        case .device(let device): "device:" + Hex.encode(device.hash.bytes)
        case .passkey(let credential): "passkey:" + Hex.encode(SHA256.hash(credential))
        case .factor(let user): "factor:\(user)"
        case .ownPassword(let user): "password:\(user)"
        }
    }

    /// Whether the address that it comes from counts, too: not for whoever proved something before.
    var countsAddress: Bool {
        switch self {
        case .identity, .passkey, .factor: true
        case .device, .ownPassword: false
        }
    }
}
