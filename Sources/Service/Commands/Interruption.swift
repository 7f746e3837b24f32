import EventLoop
import Glibc
import Kernel
import Postgres
import Synchronization

/// Ctrl-C, SIGTERM and SIGHUP end a command at once, whatever it waits for. They are blocked in every thread
/// (`main` did that first) and waited for here; what the command would leave behind is undone before it ends.
/// `serve` drains instead, and does not come here.
enum Interruption {
    static let signals: [Int32] = [SIGTERM, SIGINT, SIGHUP]

    typealias Undo = @Sendable () async -> Void
    struct Ticket { fileprivate let number: Int }

    private struct State {
        var undoing: [(number: Int, undo: Undo)] = []
        var last = 0
        var isOver = false
    }

    private static let state = Mutex(State())
    /// A private server stops in a second or two.
    private static let longest: Duration = .seconds(20)

    /// What has to be undone if the command is interrupted from now on, until `withdraw`.
    static func undo(by undo: @escaping Undo) -> Ticket {
        state.withLock { state in
            state.last += 1
            state.undoing.append((state.last, undo))
            return Ticket(number: state.last)
        }
    }

    static func withdraw(_ ticket: Ticket) {
        state.withLock { state in state.undoing.removeAll { $0.number == ticket.number } }
    }

    /// Whether the command is being ended: it says no more.
    static var isOver: Bool { state.withLock { $0.isOver } }

    /// From now on until the process ends.
    static func watch() throws {
        let watcher = try OffLoop(threads: 1, limit: 1, name: "kb-signals")
        Task {
            guard let signal = try? await watcher.run({ wait() }) else { return }
            await end(by: signal)
        }
    }

    /// Whoever was interrupted on its way leaves the end to `end`.
    static func yield() async {
        while isOver { try? await Task.sleep(for: longest) }
    }

    /// Blocks until one comes.
    static func wait() -> Int32 {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        var signal: Int32 = 0
        while sigwait(&set, &signal) != 0 {}
        return signal
    }

    private static func end(by signal: Int32) async -> Never {
        Command.complain("keybell: interrupted")
        let undoing = state.withLock { state in
            state.isOver = true
            return state.undoing.reversed().map(\.undo)
        }
        Task {
            try? await Task.sleep(for: longest)
            _exit(128 + signal)
        }
        ClientPrograms.stopAll()
        for undo in undoing { await undo() }
        _exit(128 + signal)
    }
}
