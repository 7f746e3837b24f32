import CLinux
import EventLoop
import Glibc
import Kernel

/// `keybell health`: asks a service; exit 0 when it answers 200. For container health checks, where there is
/// no curl.
enum HealthCommand {
    private static let usage = "usage: keybell health [--url http://127.0.0.1:8720/readyz] [--ca FILE]"

    static func run(_ arguments: [String]) async -> Int32 {
        guard let options = try? Options(arguments, taking: ["--url", "--ca"]) else {
            Command.complain(usage)
            return 2
        }
        let url = options.values["--url"] ?? "http://127.0.0.1:8720/readyz"
        if url.hasPrefix("https://") { return await ask(url, authorities: options.values["--ca"]) }
        guard url.hasPrefix("http://"), let (address, path) = parts(url) else {
            Command.complain("keybell: --url must be http://ADDRESS:PORT/PATH or https://HOST:PORT/PATH")
            return 2
        }
        let answer = ask(address, path)
        if answer.hasPrefix("HTTP/1.1 200 ") { return 0 }
        let line = String(answer.prefix { $0 != "\r\n" && $0 != "\r" && $0 != "\n" })
        // A node that ends TLS hangs up on whoever speaks without.
        let reason = line.isEmpty ? "no HTTP answer; a node with TLS is asked by https://" : line
        return complain(url, reason)
    }

    private static func ask(_ url: String, authorities: String?) async -> Int32 {
        do {
            let status = try await RemoteNode.status(ofPage: url, authorities: authorities)
            return status == 200 ? 0 : complain(url, "status \(status)")
        } catch {
            return complain(url, "\(error)")
        }
    }

    private static func complain(_ url: String, _ reason: String) -> Int32 {
        Command.complain("keybell: \(url) is not ready: \(reason)")
        return 1
    }

    private static func parts(_ url: String) -> (SocketAddress, String)? {
        let rest = url.dropFirst("http://".count)
        let path = rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/"
        let authority = String(rest.prefix { $0 != "/" })
        return SocketAddress(authority).map { ($0, path) }
    }

    private static func ask(_ address: SocketAddress, _ path: String) -> String {
        guard let socket = BlockingSocket(connectingTo: address, seconds: 3) else { return "no connection" }
        socket.send("GET \(path) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        return socket.receive(atMost: 256)
    }
}
