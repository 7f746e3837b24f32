/// How the threads that send mail are divided among servers, so that those that hang leave some to all
/// others. Pure.
struct MailPlaces {
    /// Threads: each is held by a server that hangs until the time limit.
    static let all = 8
    /// Of these to one server.
    static let ofServer = 2
    /// To all servers together whose last mail ran out of time.
    static let ofHanging = 4
    /// Remembered at most; who is forgotten counts as well until it hangs again.
    private static let hangingAtMost = 1_024

    private var held: [String: Int] = [:]
    private var hanging: Set<String> = []

    /// Whether there is one for one more mail to this server, which then has it.
    mutating func take(_ server: String) -> Bool {
        let taken = held.values.reduce(0, +)
        let hangs = held.filter { hanging.contains($0.key) }.reduce(0) { $0 + $1.value }
        let isOpen = !hanging.contains(server) || hangs < Self.ofHanging
        guard isOpen, taken < Self.all, held[server, default: 0] < Self.ofServer else { return false }
        held[server, default: 0] += 1
        return true
    }

    /// - Parameter hung: it used its time up.
    mutating func giveBack(_ server: String, hung: Bool) {
        let left = held[server, default: 1] - 1
        held[server] = left > 0 ? left : nil
        if !hung {
            hanging.remove(server)
        } else if hanging.count < Self.hangingAtMost {
            hanging.insert(server)
        }
    }
}
