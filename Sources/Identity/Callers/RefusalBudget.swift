import Access
package import Kernel

/// Which refusals are told one by one, and which as a sum: the first ten of a source and minute, then one
/// sum. So whoever guesses, or floods us with a dead token, writes at most eleven rows a minute and source,
/// from at most 257 sources. Pure; memory is bounded by the number of sources.
package struct RefusalBudget: Sendable {
    static let toldPerMinute = 10
    /// Busier than that, and addresses are one crowd.
    static let sourcesAtMost = 256

    /// Whom a refusal is counted for. A known token has a budget of its own, so that strangers at its
    /// address, or many addresses with that token, can drown nothing.
    enum Source: Hashable, Sendable {
        case token(AccessTokenID)
        case host(CIDR)
        /// Log-ins are counted apart. Nil: through a unix socket.
        case logins(CIDR?)
        case unixSocket
        case elsewhere

        init(_ refusal: Refusal) {
            if let known = refusal.known {
                self = .token(known.token)
                return
            }
            let host = refusal.address?.host
            if case .login = refusal.subject {
                self = .logins(host)
            } else {
                self = host.map(Source.host) ?? .unixSocket
            }
        }
    }

    /// Refusals that were not told, with the newest of them.
    package struct Sum: Equatable, Sendable {
        package var refusal: Refusal
        package var request: RefusedRequest
        package var count: Int
    }

    private struct Tally {
        var told = 0
        var sum: Sum?
    }

    private var minute: Int64 = .min
    private var tallies: [Source: Tally] = [:]
    /// Of minutes that are over, until somebody writes them down.
    private var due: [Source: Sum] = [:]

    package init() {}

    /// True: tell this one. False: it is in the sum.
    package mutating func tells(_ refusal: Refusal, _ request: RefusedRequest, at now: Timestamp) -> Bool {
        roll(to: now)
        var source = Source(refusal)
        if tallies[source] == nil, tallies.count >= Self.sourcesAtMost { source = .elsewhere }
        if tallies[source, default: Tally()].told < Self.toldPerMinute {
            tallies[source, default: Tally()].told += 1
            return true
        }
        let count = tallies[source]?.sum?.count ?? 0
        tallies[source]?.sum = Sum(refusal: refusal, request: request, count: count + 1)
        return false
    }

    /// The sums of minutes that are over; they are the caller's now.
    package mutating func takeSums(at now: Timestamp) -> [Sum] {
        roll(to: now)
        defer { due = [:] }
        return Array(due.values)
    }

    /// What could not be written down comes back.
    package mutating func giveBack(_ sums: [Sum]) {
        for sum in sums { addDue(sum, of: Source(sum.refusal)) }
    }

    private mutating func roll(to now: Timestamp) {
        let current = now.seconds / 60
        guard current != minute else { return }
        minute = current
        for (source, tally) in tallies {
            if let sum = tally.sum { addDue(sum, of: source) }
        }
        tallies = [:]
    }

    private mutating func addDue(_ sum: Sum, of source: Source) {
        let source = due[source] == nil && due.count >= Self.sourcesAtMost ? .elsewhere : source
        var total = sum
        total.count += due[source]?.count ?? 0
        due[source] = total
    }
}
