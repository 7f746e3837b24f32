/// Whose policy: a request must be allowed by its key's, and not be denied by its account's and the desk's,
/// where these exist.
package enum PolicyOwner: String, CaseIterable, Sendable {
    case key, account, desk

    /// A limit may count for its policy's owner or for less: no key's policy can use up what belongs to all.
    func mayCount(for other: PolicyOwner) -> Bool { other.rank <= rank }

    private var rank: Int {
        switch self {
        case .key: 0
        case .account: 1
        case .desk: 2
        }
    }
}

/// Which requests a clause is about.
package enum ClauseScope: String, CaseIterable, Sendable {
    /// Orders that could open or enlarge a position: a limit never stops an exit.
    case opening
    case all
}
