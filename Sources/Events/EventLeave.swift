package import Access
package import Kernel

/// What somebody may see who stays, and how long that is known to hold: then it has to be asked anew.
package struct EventLeave: Sendable {
    package let rights: Rights
    /// What it stands on: a change of authority that touches none of it leaves it as it is.
    let grounds: [Touched]
    /// Of what they came by, or of their rights, whichever is the sooner.
    let end: Timestamp?

    /// - Parameter end: of what they came by.
    package init(_ rights: Rights, of actor: Actor, until end: Timestamp? = nil) {
        self.rights = rights
        grounds =
            (actor.accessToken.map { [.accessToken($0)] } ?? []) + [.signIn]
            + (actor.principal.map(rights.grounds) ?? [])
        self.end = [end, rights.lapsesAt].compactMap(\.self).min()
    }

    func isOver(at now: Timestamp) -> Bool { end.map { $0 <= now } ?? false }
}
