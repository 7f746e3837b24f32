import CLinux
import Glibc
import Kernel
import Testing

@testable import EventLoop

@Suite struct AddressClaimTests {
    @Test func `an address is claimed while nobody listens, and no longer`() async throws {
        let worker = try Worker()
        worker.start(name: "claim")
        defer { worker.stop() }
        try await worker.run { worker in
            let any = SocketAddress.ip(.init(v4: 0x7F00_0001), port: 0)
            let listener = try Listener(any, on: worker.reactor) { _, _ in }
            #expect(throws: SystemError(call: "bind", code: EADDRINUSE)) { try listener.address.claim() }
            listener.close()
            try listener.address.claim()
        }
    }

    @Test func `a socket's file is removed when nobody listens, and nothing else is`() async throws {
        let path = "/tmp/kb-claim-\(getpid())"
        let address = SocketAddress.unix(path)
        try address.claim()
        let worker = try Worker()
        worker.start(name: "claim")
        defer { worker.stop() }
        try await worker.run { worker in
            let listener = try Listener(address, on: worker.reactor) { _, _ in }
            #expect(throws: SystemError(call: "bind", code: EADDRINUSE)) { try address.claim() }
            // As a killed process leaves it.
            let kept = path + ".kept"
            rename(path, kept)
            listener.close()
            rename(kept, path)
        }
        try address.claim()
        #expect(access(path, F_OK) != 0)
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        close(file)
        #expect(throws: SystemError(call: "bind", code: EADDRINUSE)) { try address.claim() }
        unlink(path)
    }
}
