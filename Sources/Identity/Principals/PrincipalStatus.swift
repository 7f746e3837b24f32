/// Only an active principal can do anything.
package enum PrincipalStatus: String, CaseIterable, Sendable {
    /// A user who has not accepted yet.
    case invited
    case active
    case disabled
}
