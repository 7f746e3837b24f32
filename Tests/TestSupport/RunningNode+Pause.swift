import Glibc

extension RunningNode {
    /// Stops the process, and returns once every thread stands still: the signal is taken by one thread of
    /// them, and until that one has a core the others go on.
    package func pause() async throws {
        signal(SIGSTOP)
        try await wait(until: "every thread stands still") {
            let threads = "/proc/\(pid)/task"
            return entries(of: threads).allSatisfy { isStopped("\(threads)/\($0)/stat") }
        }
    }

    package func resume() { signal(SIGCONT) }
}

private func entries(of folder: String) -> [String] {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names
}

/// The state follows the name, which is in parentheses and may hold anything. A thread that ended is still.
private func isStopped(_ path: String) -> Bool {
    guard let stat = readWhole(path), let end = stat.lastIndex(of: ")") else { return true }
    return "TtZX".contains(stat[end...].dropFirst(2).prefix(1))
}
