import Access
package import Kernel

/// Which refusals are told one by one, and which as a sum: the first ten of a source and minute, then one
/// sum. So whoever guesses, or floods us with a dead token, writes at most eleven rows a minute and source,
/// from at most 257 sources. Pure; memory is bounded by the number of sources and of sums.
package struct RefusalBudget: Sendable {
    static let toldPerMinute = 10
    /// Busier than that, and addresses are one crowd.
    static let sourcesAtMost = 256
    /// What is beyond them is summed up as of nobody.
    static let sumsAtMost = 512

    /// Whom a refusal is counted for. A known token has a budget of its own, so that strangers at its
    /// address, or many addresses with that token, can drown nothing.
    enum Source: Hashable, Sendable {
        case token(AccessTokenID)
        case host(CIDR)
        /// Log-ins are counted apart, and of each user apart: so junk hides no guesses at anybody. No host:
        /// through a unix socket.
        case logins(CIDR?, Guessed)
        case unixSocket
        case elsewhere

        init(_ refusal: Refusal) {
            if let known = refusal.known {
                self = .token(known.token)
                return
            }
            let host = refusal.address?.host
            if case .login(let user) = refusal.subject {
                self = .logins(host, Guessed(user, refusal.typed))
            } else {
                self = host.map(Source.host) ?? .unixSocket
            }
        }
    }

    /// At whom. What is nobody's name has a budget of its own, too: how long an answer takes, because it is
    /// told or only counted, must not say whether there is such a user.
    enum Guessed: Hashable, Sendable {
        case user(UserID)
        case name(String)
        case nobody

        init(_ user: UserID?, _ name: String?) {
            self = user.map(Self.user) ?? name.map(Self.name) ?? .nobody
        }
    }

    /// Refusals that were not told, with the newest of them.
    package struct Sum: Equatable, Sendable {
        package var refusal: Refusal
        package var request: RefusedRequest
        package var count: Int
    }

    /// What is added up: also of a crowd, everybody's refusals are their own.
    private struct Heap: Hashable {
        let source: Source
        let subject: Refusal.Subject

        /// What was typed and is nobody's is one sum.
        init(_ source: Source, _ subject: Refusal.Subject) {
            self.subject = subject
            if case .logins(let host, .name) = source {
                self.source = .logins(host, .nobody)
            } else {
                self.source = source
            }
        }
    }

    private var minute: Int64 = .min
    private var told: [Source: Int] = [:]
    private var sums: [Heap: Sum] = [:]
    /// Of minutes that are over, until somebody writes them down.
    private var due: [Heap: Sum] = [:]

    package init() {}

    /// True: tell this one. False: it is in the sum.
    package mutating func tells(_ refusal: Refusal, _ request: RefusedRequest, at now: Timestamp) -> Bool {
        roll(to: now)
        var source = Source(refusal)
        if told[source] == nil, told.count >= Self.sourcesAtMost { source = .elsewhere }
        if told[source, default: 0] < Self.toldPerMinute {
            told[source, default: 0] += 1
            return true
        }
        Self.add(Sum(refusal: refusal, request: request, count: 1), of: source, to: &sums)
        return false
    }

    /// The sums of minutes that are over; they are the caller's now.
    package mutating func takeSums(at now: Timestamp) -> [Sum] {
        roll(to: now)
        defer { due = [:] }
        return Array(due.values)
    }

    /// What waits of a user's log-ins, also of this minute; it is the caller's now.
    mutating func takeSums(of user: UserID) -> [Sum] {
        Self.take(.login(user), from: &due) + Self.take(.login(user), from: &sums)
    }

    private static func take(_ subject: Refusal.Subject, from sums: inout [Heap: Sum]) -> [Sum] {
        let taken = sums.filter { $0.key.subject == subject }
        for heap in taken.keys { sums[heap] = nil }
        return Array(taken.values)
    }

    /// What could not be written down comes back.
    package mutating func giveBack(_ sums: [Sum]) {
        for sum in sums { Self.add(sum, of: Source(sum.refusal), to: &due) }
    }

    private mutating func roll(to now: Timestamp) {
        let current = now.seconds / 60
        guard current != minute else { return }
        minute = current
        for (heap, sum) in sums { Self.add(sum, of: heap.source, to: &due) }
        (told, sums) = ([:], [:])
    }

    private static func add(_ sum: Sum, of source: Source, to sums: inout [Heap: Sum]) {
        var total = sum
        var heap = Heap(source, sum.refusal.subject)
        if source == .elsewhere, sum.refusal.known != nil { total.refusal = sum.refusal.ofNobody }
        if sums[heap] == nil, sums.count >= sumsAtMost {
            total.refusal = sum.refusal.ofNobody
            heap = Heap(.elsewhere, total.refusal.subject)
        }
        total.count += sums[heap]?.count ?? 0
        sums[heap] = total
    }
}

extension Refusal {
    /// The same of whoever it was; no user and no token is charged with what others did.
    fileprivate var ofNobody: Refusal {
        guard case .login = subject else { return Refusal(reason, from: address) }
        return Refusal(loginOf: nil, reason, from: address)
    }
}
