import CLinux
import Glibc
import Kernel
import Synchronization

@testable import HTTPClient

/// A DNS server on loopback that answers as an attacker's would: each question for an address gets the next
/// of its answers, with no time to live; the last is repeated.
final class NameServer: Sendable {
    let port: UInt16
    private let descriptor: Int32
    private let answers: [UInt32]
    private let asked = Mutex<[String]>([])

    /// Names that it was asked for an IPv4 address.
    var questions: [String] { asked.withLock { $0 } }

    /// - Parameter answers: IPv4 addresses, in host order.
    init(answers: [UInt32]) throws {
        self.answers = answers
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw ScriptedServer.CannotListen(code: errno) }
        port = UInt16(bigEndian: name.sin_port)
        startThread { [self] in serve() }
    }

    func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private func serve() {
        var packet = [UInt8](repeating: 0, count: 512)
        while true {
            var peer = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = withUnsafeMutablePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, &packet, packet.count, 0, $0, &length)
                }
            }
            guard count > 12 else { break }
            let reply = answer(to: Array(packet[..<count]))
            _ = withUnsafePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(descriptor, reply, reply.count, 0, $0, length)
                }
            }
        }
        close(descriptor)
    }

    /// RFC 1035, 4: header, the question, and for an A question one answer.
    private func answer(to query: [UInt8]) -> [UInt8] {
        var end = 12
        var labels: [String] = []
        while end < query.count, query[end] != 0 {
            let next = end + 1 + Int(query[end])
            guard next < query.count else { break }
            labels.append(String(decoding: query[(end + 1)..<next], as: UTF8.self))
            end = next
        }
        end += 5
        guard end <= query.count else { return [] }
        let isAddress = query[end - 4] == 0 && query[end - 3] == 1
        let head: [UInt8] = [query[0], query[1], 0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0]
        let question = Array(query[12..<end])
        guard isAddress else { return head + question }
        let address = next(for: labels.joined(separator: "."))
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: address >> (24 - 8 * UInt32($0))) }
        return head + question + [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4] + bytes
    }

    private func next(for name: String) -> UInt32 {
        asked.withLock { asked in
            asked.append(name)
            return answers[min(asked.count, answers.count) - 1]
        }
    }
}

extension Resolver {
    /// The system's resolver, on a thread that asks this name server instead of those of resolv.conf.
    static func asking(_ server: NameServer) -> Resolver {
        let port = server.port
        return Resolver { name in
            let found: Result<[IPAddress], any Error> = await withCheckedContinuation { continuation in
                startThread {
                    continuation.resume(
                        returning: Result {
                            try NameServerState.use(port)
                            return try Resolver.lookUp(name)
                        })
                }
            }
            return try found.get()
        }
    }
}

/// glibc keeps which name servers to ask by thread, in `struct __res_state` (resolv.h).
private enum NameServerState {
    struct Missing: Error {}

    static func use(_ port: UInt16) throws {
        typealias Start = @convention(c) () -> Int32
        typealias State = @convention(c) () -> UnsafeMutableRawPointer?
        guard let start = dlsym(nil, "__res_init"), let state = dlsym(nil, "__res_state"),
            unsafeBitCast(start, to: Start.self)() == 0,
            let resolver = unsafeBitCast(state, to: State.self)()
        else { throw Missing() }
        // int retrans, retry; unsigned long options; int nscount; struct sockaddr_in nsaddr_list[3].
        let noReload: UInt = 0x0200_0000
        let options = resolver.load(fromByteOffset: 8, as: UInt.self)
        resolver.storeBytes(of: options | noReload, toByteOffset: 8, as: UInt.self)
        resolver.storeBytes(of: 1, toByteOffset: 16, as: Int32.self)
        resolver.storeBytes(of: UInt16(AF_INET), toByteOffset: 20, as: UInt16.self)
        resolver.storeBytes(of: port.bigEndian, toByteOffset: 22, as: UInt16.self)
        resolver.storeBytes(of: UInt32(0x7F00_0001).bigEndian, toByteOffset: 24, as: UInt32.self)
    }
}
