import CLinux
import EventLoop
import Glibc
package import Postgres
import Synchronization

/// A program that a test runs: ended by its pid at the latest when its owner says so, and by the kernel when
/// the test process dies.
package final class TestProcess: Sendable {
    private enum State {
        case running(ChildProcess)
        /// Collected: the pid may be another's by now.
        case ended(Int32)
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - lastSignal: what the program gets when the test process dies.
    ///   - account: who it runs as, when that is not us.
    package init(
        _ command: [String], environment: [String: String] = [:], log: String, lastSignal: String = "KILL",
        account: Account? = nil, ownSession: Bool = false
    ) async throws {
        let values = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let child = try await blockingThreads.run {
            let words = PostgresPrograms.command(command, as: account, options: ["--pdeathsig", lastSignal])
            return try ChildProcess(words, environment: values, log: log, ownSession: ownSession)
        }
        state = Mutex(.running(child))
    }

    /// 0 once it has been collected.
    package var pid: Int32 {
        state.withLock { if case .running(let child) = $0 { child.pid } else { 0 } }
    }

    package func signal(_ number: Int32) {
        state.withLock { if case .running(let child) = $0 { kill(child.pid, number) } }
    }

    /// For a program with a session of its own: it and what it started there.
    func signalGroup(_ number: Int32) {
        state.withLock { if case .running(let child) = $0 { kill(-child.pid, number) } }
    }

    /// The exit code, or 128 and the signal's number, once it has ended; nil while it runs.
    package func exitCode() -> Int32? {
        state.withLock { state in
            if case .running(let child) = state, let code = child.exitCode() { state = .ended(code) }
            if case .ended(let code) = state { return code }
            return nil
        }
    }

    package func exited(within seconds: Int = patienceSeconds) async throws -> Int32 {
        try await eventually("the program ends", within: seconds) { exitCode() }
    }

    /// At once; it is gone when this returns.
    package func end(by number: Int32 = SIGKILL) async {
        signal(number)
        if (try? await exited(within: 30)) == nil {
            signal(SIGKILL)
            _ = try? await exited()
        }
    }
}

/// Runs a program to its end, and gives its exit code and everything that it wrote.
package func runToEnd(
    _ command: [String], environment: [String: String] = [:], account: Account? = nil, in folder: TestFolder,
    seconds: Int = patienceSeconds
) async throws -> (code: Int32, output: String) {
    let log = folder.file("run-\(folder.nextNumber())")
    let process = try await TestProcess(
        command, environment: environment, log: log, lastSignal: "TERM", account: account, ownSession: true)
    do {
        let code = try await process.exited(within: seconds)
        return (code, readWhole(log) ?? "")
    } catch {
        // What it started itself ends with it: a service drains, and stops its server.
        process.signalGroup(SIGTERM)
        await process.end()
        throw Impatience("\(command): \(error)\n\(readWhole(log) ?? "")")
    }
}

/// A folder of a test's own with a short path, since a unix socket's path may have 107 bytes only.
package final class TestFolder: Sendable {
    package let path: String
    private static let made = Atomic<Int>(0)
    private let numbers = Atomic<Int>(0)

    /// - Parameter owner: whom it belongs to, when that is not us.
    package init(owner: Account? = nil) throws {
        let number = Self.made.wrappingAdd(1, ordering: .relaxed).newValue
        path = "/tmp/kbt-\(getpid())-\(number)"
        ScratchServer.removeFolder(path)
        guard mkdir(path, 0o711) == 0 else { throw Impatience("no folder \(path)") }
        if let owner { chown(path, owner.user, owner.group) }
    }

    package func file(_ name: String) -> String { "\(path)/\(name)" }
    package func read(_ name: String) -> String? { readWhole(file(name)) }
    package func write(_ text: String, to name: String) throws {
        try write(bytes: Array(text.utf8), to: name)
    }

    package func write(bytes: [UInt8], to name: String) throws {
        guard let file = fopen(file(name), "we") else { throw Impatience("\(name) cannot be written") }
        let count = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, count == bytes.count else { throw Impatience("\(name) is cut off") }
    }

    package func bytes(of name: String) throws -> [UInt8] {
        guard let file = fopen(file(name), "re") else { throw Impatience("\(name) cannot be read") }
        defer { fclose(file) }
        var (bytes, piece) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
        while case let count = fread(&piece, 1, piece.count, file), count > 0 { bytes += piece[..<count] }
        return bytes
    }
    package func remove() { ScratchServer.removeFolder(path) }

    package func nextNumber() -> Int { numbers.wrappingAdd(1, ordering: .relaxed).newValue }
}
