import CLinux
package import EventLoop
import Glibc

/// A program started by `posix_spawn`, with signals as a program expects them and nothing of our environment.
package struct ChildProcess: Sendable {
    package let pid: Int32

    /// - Parameters:
    ///   - arguments: the program's absolute path first.
    ///   - log: the file that takes its output, appended to; nil is nowhere.
    ///   - ownSession: Ctrl-C in our terminal does not reach it.
    package init(
        _ arguments: [String], environment: [String] = [], log: String? = nil, ownSession: Bool = false
    ) throws(SystemError) {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (ownSession ? POSIX_SPAWN_SETSID : 0)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, log ?? "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&files, 1, 2)

        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = (Self.environment + environment).map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, arguments[0], &files, &attributes, &argv, &envp)
        guard code == 0 else { throw SystemError(call: "posix_spawn", code: code) }
        pid = child
    }

    /// No PG…, no LD_…: PostgreSQL's programs obey many variables.
    private static let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"]

    /// Blocks until it ends; its exit code, or 128 and the signal that ended it.
    package func waitUntilExit() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            if errno != EINTR { return -1 }
        }
        return Self.code(status)
    }

    /// The exit code if it has ended; nil while it runs. A process that is no child of ours counts as
    /// running.
    package func exitCode() -> Int32? {
        var status: Int32 = 0
        return waitpid(pid, &status, WNOHANG) == pid ? Self.code(status) : nil
    }

    private static func code(_ status: Int32) -> Int32 {
        klinux_wait_exited(status) != 0 ? klinux_wait_exit_status(status) : 128 + klinux_wait_signal(status)
    }
}
