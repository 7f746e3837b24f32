import CLinux
import Crypto
import EventLoop
import Glibc
import JSON

/// `keybell unseal`: brings shares, or the root key, to every node named. Each node holds its own keys, so
/// each is told every share.
enum UnsealCommand {
    static let usage = """
        usage: keybell unseal [--url URL]… [--ca FILE]

        Asks for shares (or the root key) one by one, without showing them, and brings each to every node
        until all are unsealed. From standard input, when that is no terminal: one a line.
        URL is https://HOST:PORT, http://127.0.0.1:PORT (the default, port 8720) or unix:/PATH.
        """

    static func run(_ arguments: [String]) async -> Int32 {
        _ = klinux_set_not_dumpable()
        var (urls, rest) = ([String](), arguments[...])
        var authorities: String?
        while let argument = rest.popFirst() {
            switch (argument, rest.popFirst()) {
            case ("--url", let url?): urls.append(url)
            case ("--ca", let file?): authorities = file
            default:
                Command.complain(usage)
                return 2
            }
        }
        if urls.isEmpty { urls = ["http://127.0.0.1:8720"] }
        do {
            let nodes = try urls.map { try RemoteNode($0, authorities: authorities) }
            let worker = try Worker()
            worker.start(name: "kb-unseal")
            defer { worker.stop() }
            var session = UnsealSession(nodes, on: worker)
            return try await session.run()
        } catch {
            Command.complain("keybell: \(error)")
            return 1
        }
    }
}
