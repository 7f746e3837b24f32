import Glibc
import Postgres
import TestSupport
import Testing

extension IntegrationTests {
    /// Ctrl-C and SIGTERM end every command at once, whatever it waits for, and nothing half done stays.
    @Suite struct InterruptedCommandTests {
        /// A database that takes connections and says nothing.
        @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
        func `a command that waits for a database ends at once`(signal: Int32) async throws {
            let silent = try SilentServer()
            let folder = try TestFolder()
            defer { folder.remove() }
            let log = folder.file("migrate.log")
            let command = try await TestProcess(
                [RunningNode.binary(), "migrate"],
                environment: [
                    "KEYBELL_DATABASE_URL": "postgres://a@127.0.0.1:\(silent.port)/a?sslmode=disable"
                ],
                log: log)
            try await wait(until: "it waits") { try silent.isAsked() }
            command.signal(signal)
            #expect(try await command.exited() == 128 + signal)
            #expect(folder.read("migrate.log") == "keybell: interrupted\n")
        }

        @Test func `an interrupted backup ends its dump, and leaves no file`() async throws {
            let scratch = try await ScratchDatabase.make()
            let folder = try TestFolder()
            defer { folder.remove() }
            try await whileOpen("lock table webhook", at: scratch.url) {
                let backup = try await TestProcess(
                    [RunningNode.binary(), "backup", folder.file("backup")],
                    environment: [
                        "KEYBELL_DATABASE_URL": scratch.url.text, "KEYBELL_DATA_DIR": folder.file("data"),
                        "KEYBELL_ROOT_KEY_FILE": folder.file("root.key"),
                    ], log: folder.file("backup.log"))
                try await wait(until: "the dump waits for the table") {
                    fileNames(in: folder.path).contains { $0.hasPrefix("backup.") && $0.hasSuffix(".draft") }
                }
                backup.signal(SIGINT)
                let code = try await backup.exited()
                #expect(code == 128 + SIGINT, "\(folder.read("backup.log") ?? "")")
            }
            #expect(fileNames(in: folder.path).allSatisfy { !$0.hasPrefix("backup") || $0 == "backup.log" })
            try await scratch.drop()
        }
    }
}

/// Takes connections and never answers.
private final class SilentServer: Sendable {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        (self.descriptor, port) = (descriptor, UInt16(bigEndian: address.sin_port))
        guard bound else { throw Impatience("no silent server: errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Whether somebody has come.
    func isAsked() throws -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, 0) == 1
    }
}

private func fileNames(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}
