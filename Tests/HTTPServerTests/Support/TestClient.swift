import CLinux
import Glibc

/// A client of which every byte is known: nothing is retried, added or hidden.
final class TestClient {
    private let channel: any Channel
    private var buffer: [UInt8] = []
    private var isAtEnd = false

    init(_ channel: any Channel) { self.channel = channel }

    // MARK: Sending

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws { try channel.write(bytes[...]) }

    /// A request without a body.
    func request(_ method: String, _ target: String, _ fields: String...) throws {
        try send(head("\(method) \(target) HTTP/1.1", fields))
    }

    /// A POST with its length.
    func post(_ target: String, _ body: [UInt8], _ fields: String...) throws {
        try send(head("POST \(target) HTTP/1.1", fields + ["Content-Length: \(body.count)"]) + body)
    }

    /// A POST whose body follows, with the fields that frame it.
    func beginPost(_ target: String, _ fields: String...) throws {
        try send(head("POST \(target) HTTP/1.1", fields))
    }

    private func head(_ line: String, _ fields: [String]) -> [UInt8] {
        Array(([line, "Host: a"] + fields).map { $0 + "\r\n" }.joined().utf8) + Array("\r\n".utf8)
    }

    /// Gives the kernel as much as it takes until the other side has read nothing for a quarter of a second.
    /// - Returns: bytes taken.
    func sendUntilFull(_ bytes: [UInt8]) -> Int {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(
                    channel.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count > 0 {
                sent += count
            } else if errno != EAGAIN || !isReady(Int16(POLLOUT), milliseconds: 250) {
                break
            }
        }
        return sent
    }

    /// Ends our side; the other may still talk.
    func finishSending() { shutdown(channel.descriptor, Int32(SHUT_WR)) }

    /// Ends the connection as a crashed client does.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(channel.descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        shutdown(channel.descriptor, Int32(SHUT_RDWR))
    }

    // MARK: Receiving

    func isReadable(milliseconds: Int32) -> Bool {
        !buffer.isEmpty || channel.hasBuffered() || isReady(Int16(POLLIN), milliseconds: milliseconds)
    }

    private func isReady(_ events: Int16, milliseconds: Int32) -> Bool {
        var descriptor = pollfd(fd: channel.descriptor, events: events, revents: 0)
        return poll(&descriptor, 1, milliseconds) > 0
    }

    /// The next answer. `to` says whether it has a body.
    func answer(to method: String = "GET") throws -> ReceivedAnswer {
        let head = try line(endingWith: "\r\n\r\n")
        var answer = try ReceivedAnswer(head: head)
        if method == "HEAD" || answer.status < 200 || answer.status == 204 { return answer }
        if let length = answer["content-length"].flatMap(Int.init) {
            answer.body = try take(length)
        } else if answer["transfer-encoding"] == "chunked" {
            while let chunk = try chunk() { answer.body += chunk }
        } else {
            answer.body = try rest()
        }
        return answer
    }

    /// The head alone; the body is left.
    func answerHead() throws -> ReceivedAnswer { try ReceivedAnswer(head: line(endingWith: "\r\n\r\n")) }

    /// The next chunk of a body; nil is the last one.
    func chunk() throws -> [UInt8]? {
        guard let size = Int(try line(endingWith: "\r\n"), radix: 16) else { throw TestFailure("no chunk") }
        let bytes = try take(size)
        guard try take(2) == [13, 10] else { throw TestFailure("a chunk that does not end") }
        return size == 0 ? nil : bytes
    }

    /// Everything until the other side ends.
    func rest() throws -> [UInt8] {
        while try fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// Nothing more comes, and that is said properly.
    func isEnded() throws -> Bool { try rest().isEmpty }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { guard try fill() else { throw TestFailure("ended too early") } }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    private func line(endingWith end: String) throws -> String {
        let mark = Array(end.utf8)
        var searched = 0
        while true {
            if buffer.count >= mark.count, searched <= buffer.count - mark.count {
                for start in searched...buffer.count - mark.count
                where buffer[start] == 13 && buffer[start..<start + mark.count].elementsEqual(mark) {
                    defer { buffer.removeFirst(start + mark.count) }
                    return String(decoding: buffer[..<start], as: UTF8.self)
                }
                searched = buffer.count - mark.count + 1
            }
            guard try fill() else {
                throw TestFailure("ended too early, after: \(String(decoding: buffer, as: UTF8.self))")
            }
        }
    }

    private func fill() throws -> Bool {
        if isAtEnd { return false }
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = try channel.read(&piece)
        buffer += piece[..<count]
        isAtEnd = count == 0
        return count > 0
    }
}

/// An answer as it came.
struct ReceivedAnswer {
    let status: Int
    let fields: [(name: String, value: String)]
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }

    init(head: String) throws {
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        guard let first = lines.first, first.hasPrefix("HTTP/1.1 "),
            let status = Int(first.dropFirst(9).prefix(3))
        else { throw TestFailure("no answer: \(head)") }
        self.status = status
        fields = lines.dropFirst().compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (String(line[..<colon]), String(line[colon...].dropFirst(2)))
        }
    }

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}
