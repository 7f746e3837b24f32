import CLinux
import EventLoop
import Glibc
import Kernel

/// `keybell health`: asks a service on this machine over plain HTTP; exit 0 when it answers 200. For
/// container health checks, where there is no curl.
enum HealthCommand {
    static func run(_ arguments: [String]) -> Int32 {
        guard let options = try? Options(arguments, taking: ["--url"]) else {
            Command.complain("usage: keybell health [--url http://127.0.0.1:8720/readyz]")
            return 2
        }
        let url = options.values["--url"] ?? "http://127.0.0.1:8720/readyz"
        guard url.hasPrefix("http://"), let (address, path) = parts(url) else {
            Command.complain("keybell: --url must be http://ADDRESS:PORT/PATH")
            return 2
        }
        let answer = ask(address, path)
        if answer.hasPrefix("HTTP/1.1 200 ") { return 0 }
        Command.complain("keybell: not ready: \(answer.prefix { $0 != "\r" && $0 != "\n" })")
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
