package import Access
package import Kernel

/// What somebody may see who stays, and how long that is known to hold: then it has to be asked anew.
package struct EventLeave: Sendable {
    package let rights: Rights
    /// Of what they came by, or of their rights, whichever is the sooner.
    let end: Timestamp?
    /// What it stands on: a change of authority that touches none of it leaves it so.
    let grounds: [Touched]

    /// - Parameter end: of what they came by.
    package init(_ rights: Rights, until end: Timestamp? = nil, standingOn grounds: [Touched] = []) {
        (self.rights, self.grounds) = (rights, grounds)
        self.end = [end, rights.lapsesAt].compactMap(\.self).min()
    }

    package func isOver(at now: Timestamp) -> Bool { end.map { $0 <= now } ?? false }
}
