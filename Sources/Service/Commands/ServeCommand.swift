import CLinux
import EventLoop
import Glibc
import Kernel
import Synchronization

/// `keybell serve`: runs until SIGTERM or SIGINT, reads certificates again on SIGHUP.
enum ServeCommand {
    static func run(_ arguments: [String]) async -> Int32 {
        let settings: Settings
        do {
            settings = try Settings.ofProcess(arguments, looking: Preflight.mistakes)
        } catch {
            Command.complain("keybell: the configuration cannot be used:\n\(error)")
            return 2
        }
        raiseLimits()
        crashSilently()
        let log = Log(level: settings.logLevel, format: settings.logFormat, clock: .system, descriptor: 2)
        do {
            return try await serve(settings, log)
        } catch {
            log.error("cannot start", ["error": .text("\(error)")])
            Command.complain("keybell: cannot start: \(error)")
            return 1
        }
    }

    private static func serve(_ settings: Settings, _ log: Log) async throws -> Int32 {
        let begun = Clock.system.monotonicNanoseconds()
        log.info(
            "starting",
            [
                "version": .text(Release.version), "schema": .int(Int64(Release.schema)),
                "build": .text(Release.build ?? ""), "address": .text("\(settings.listen)"),
            ])
        log.flush()
        let node = try Node(settings: settings, log: log)
        var (isReady, isWanted) = (false, true)
        let (turns, hears) = try turns(of: node, settings)
        for await turn in turns {
            switch turn {
            case .ready(let address):
                isReady = true
                tell(address, Clock.system.monotonicNanoseconds() - begun, log)
                if !isWanted { return await end(node, settings, log) }
            case .failed(let error): throw error
            case .signal(SIGHUP): if isReady { await node.reloadTLS() }
            case .signal where isReady: return await end(node, settings, log)
            case .signal where isWanted:
                // One that is nearly up is ended in order.
                isWanted = false
                Task {
                    try? await Task.sleep(for: startPatience)
                    hears.yield(.isLate)
                }
            case .signal: break
            case .isLate:
                log.info("ended before it was ready")
                await node.abandon()
                return 0
            }
        }
        return 0
    }

    private static let startPatience: Duration = .seconds(2)

    private static func end(_ node: Node, _ settings: Settings, _ log: Log) async -> Int32 {
        log.info("draining")
        log.flush()
        // Whatever it still waits for then, a supervisor would soon wait no more.
        let limit = settings.drain + stopPatience
        Task {
            try? await Task.sleep(for: .microseconds(limit.microseconds))
            log.error("not stopped in time: what it waited for is left", ["waited": .text("\(limit)")])
            log.flush()
            _exit(1)
        }
        await node.stop()
        return 0
    }

    /// Beside the drain.
    private static let stopPatience: Period = .seconds(22)

    /// What a running service hears of.
    private enum Turn: Sendable {
        case ready(SocketAddress)
        case failed(any Error)
        case signal(Int32)
        /// A start that nobody wants any more is not over yet.
        case isLate
    }

    private typealias Turns = (heard: AsyncStream<Turn>, hears: AsyncStream<Turn>.Continuation)

    /// Signals are blocked in every thread (`main` did that first) and waited for here, from the first moment
    /// of a start on: a start may wait long for its database.
    private static func turns(of node: Node, _ settings: Settings) throws -> Turns {
        let watcher = try OffLoop(threads: 1, limit: 1, name: "kb-signals")
        let (turns, hears) = AsyncStream.makeStream(of: Turn.self)
        Task {
            while let signal = try? await watcher.run({ Interruption.wait() }) {
                hears.yield(.signal(signal))
            }
        }
        Task {
            do {
                hears.yield(.ready(try await node.start { notice in tell(notice, settings) }))
            } catch {
                hears.yield(.failed(error))
            }
        }
        return (turns, hears)
    }

    private static func tell(_ address: SocketAddress, _ nanoseconds: UInt64, _ log: Log) {
        let milliseconds = Int64(nanoseconds / 1_000_000)
        log.info("ready", ["address": .text("\(address)"), "milliseconds": .int(milliseconds)])
        log.flush()
        Command.say("Keybell \(Release.version) is ready at \(address)")
    }

    /// As many descriptors as we may have: connections are descriptors. No core dumps: memory holds secrets.
    private static func raiseLimits() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        var none = rlimit()
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = klinux_set_not_dumpable()
        mallopt(M_ARENA_MAX, 2)
        // Large buffers go back to the system when they are freed, not to a heap that never shrinks.
        mallopt(M_MMAP_THRESHOLD, 256 << 10)
    }

    /// Where a toolchain is installed, Swift answers a crash with a report into the log: registers, and the
    /// memory that they point at, which may be a secret. A crash ends the process, and says no more.
    private static func crashSilently() {
        for signal in [SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV, SIGQUIT] {
            Glibc.signal(signal, SIG_DFL)
        }
    }

    /// The bootstrap token goes to its file; a person at a terminal sees it too, a log never.
    private static func tell(_ notice: Notice, _ settings: Settings) {
        switch notice {
        case .startsSealed(let start):
            let place = settings.unsealsHereOnly ? ": on this machine" : ""
            Command.complain(
                """
                This node starts sealed: \(start.reason).
                It answers nothing but health and unsealing until people bring shares or the root key,
                to the node itself, never through a proxy\(place):
                  keybell unseal --url \(settings.unsealPlace)
                """)
        case .rootKeyMade(let path):
            Command.complain(
                """
                Made the root key at \(path).
                Everything sealed depends on it. Keep a copy away from this machine and from database backups.
                """)
        case .bootstrapTokenMade(let token, let file):
            Command.complain("The bootstrap token is in \(file) (mode 0600, good once, for 24 hours).")
            if isatty(2) == 1 { Command.complain("It reads \(token)") }
            Command.complain(firstOwner(file, settings))
        case .bootstrapTokenKept(let file, let expiresAt):
            Command.complain(
                """
                There is no owner yet. The bootstrap token is in \(file)
                (mode 0600, good once, until \(expiresAt)).
                \(firstOwner(file, settings))
                """)
        case .bootstrapTokenElsewhere(let place, let madeAt, let expiresAt):
            Command.complain(
                """
                There is no owner yet. The bootstrap token was made at \(madeAt), is good until
                \(expiresAt), and is in \(place)
                """)
        }
    }

    private static func firstOwner(_ file: String, _ settings: Settings) -> String {
        """
        Make the first owner with it:
          (printf 'Authorization: Bearer '; cat \(file)) | curl -H @- \\
            -H 'Content-Type: application/json' \\
            --data '{"name":"First owner","email":"owner@desk.example"}' \\
            \(target(settings))/v1/bootstrap
        """
    }

    /// Where curl finds this service.
    private static func target(_ settings: Settings) -> String {
        guard case .unix(let path) = settings.listen else { return settings.origin }
        return "--unix-socket \(path) http://localhost"
    }
}
