import CLinux
import Glibc

extension SocketAddress {
    /// Throws when somebody listens here already. Our listeners share an address among themselves
    /// (SO_REUSEPORT), and so they would with another process of the same user: of two services by mistake,
    /// each would get half of the connections. A socket's file that nobody listens on any more is removed.
    package func claim() throws(SystemError) {
        if case .unix(let path) = self { return try removeLeftOver(path) }
        let descriptor = try Self.socket(family)
        defer { close(descriptor) }
        // What lingers of a predecessor's connections takes nothing from us.
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        try SystemError.check("bind") { withSockaddr { bind(descriptor, $0, $1) } }
    }

    private func removeLeftOver(_ path: String) throws(SystemError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        let descriptor = try Self.socket(AF_UNIX)
        defer { close(descriptor) }
        let isAnswered = withSockaddr { connect(descriptor, $0, $1) } == 0
        guard !isAnswered, errno == ECONNREFUSED, status.st_mode & S_IFMT == S_IFSOCK else {
            throw SystemError(call: "bind", code: EADDRINUSE)
        }
        try SystemError.check("unlink") { unlink(path) }
    }

    private static func socket(_ family: Int32) throws(SystemError) -> Int32 {
        try SystemError.check("socket") {
            Glibc.socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
    }
}
