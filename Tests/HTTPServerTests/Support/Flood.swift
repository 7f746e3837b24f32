import EventLoop
import Glibc
import Synchronization

/// A thread that sends one request without end, and throws the answers away.
final class Flood: Sendable {
    private let descriptor: Int32
    private let request: [UInt8]
    /// Bytes of answers so far.
    private let received = Atomic(0)
    private let isOver = Atomic(false)
    private let hasEnded = Atomic(false)

    init(of request: String, to address: SocketAddress) throws {
        self.request = Array(String(repeating: request, count: 1_000).utf8)
        let channel = try PlainChannel(address)
        descriptor = withExtendedLifetime(channel) { dup(channel.descriptor) }
        var thread = pthread_t()
        guard pthread_create(&thread, nil, runFlood, Unmanaged.passRetained(self).toOpaque()) == 0 else {
            throw TestFailure("no thread")
        }
        pthread_detach(thread)
    }

    var receivedBytes: Int { received.load(ordering: .relaxed) }

    func stop() {
        isOver.store(true, ordering: .relaxed)
        while !hasEnded.load(ordering: .acquiring) { usleep(1_000) }
    }

    fileprivate func run() {
        var answers = [UInt8](repeating: 0, count: 1 << 20)
        var sent = 0
        while !isOver.load(ordering: .relaxed) {
            let now = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
            let count = request[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, now) }
            sent = (sent + max(count, 0)) % request.count
            let got = recv(descriptor, &answers, answers.count, Int32(MSG_DONTWAIT))
            received.add(max(got, 0), ordering: .relaxed)
            if count < 0, got < 0 { usleep(200) }
        }
        close(descriptor)
        hasEnded.store(true, ordering: .releasing)
    }
}

private func runFlood(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<Flood>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
