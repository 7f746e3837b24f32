/// Collects an answer as it arrives, within its limits. Answering false, or `stop`, ends the transfer.
struct ResponseCollector {
    enum Verdict {
        case goOn
        /// The part was not taken: it must be offered again when there is room.
        case pause
        case stop
    }

    /// All heads of an answer together, interim ones (1xx) too: enough for any API, too little to hurt.
    static let maximumHeadBytes = 32_768

    private let limits: OutgoingRequest.ResponseLimits
    private(set) var status = 0
    private(set) var headers: [OutgoingHeader] = []
    private(set) var body: [UInt8] = []
    private(set) var isTruncated = false
    /// The body went past what may be read: the transfer was ended by us, with a good answer in hand.
    private(set) var isStopped = false
    /// Of a streamed answer, more came than is waited for.
    private(set) var isOpen = false
    private(set) var isHeadTooLarge = false
    private(set) var isHeadComplete = false
    private var headBytes = 0
    private var bodyBytes = 0

    init(limits: OutgoingRequest.ResponseLimits) { self.limits = limits }

    /// One line, its end included: a status line, a field, or the empty line. Lines after the head are
    /// trailers.
    mutating func line(_ line: UnsafeRawBufferPointer) -> Bool {
        headBytes += line.count
        guard headBytes <= Self.maximumHeadBytes else {
            isHeadTooLarge = true
            return false
        }
        guard !isHeadComplete else { return true }
        if line.starts(with: "HTTP/".utf8) {
            status = Self.status(line)
            headers.removeAll(keepingCapacity: true)
        } else if line.allSatisfy({ $0 == 13 || $0 == 10 }) {
            isHeadComplete = status >= 200
        } else {
            addField(line)
        }
        return true
    }

    mutating func bodyPart(_ bytes: UnsafeRawBufferPointer) -> Verdict {
        if let most = limits.streamedFromBytes { return streamedPart(bytes, most) }
        bodyBytes += bytes.count
        let room = limits.keptBytes - body.count
        body.append(contentsOf: bytes.prefix(max(room, 0)))
        if bytes.count > room { isTruncated = true }
        isStopped = bodyBytes > limits.readBytes
        return isStopped ? .stop : .goOn
    }

    /// At most `most` bytes wait, and one part more.
    private mutating func streamedPart(_ bytes: UnsafeRawBufferPointer, _ most: Int) -> Verdict {
        if body.count > most { return .pause }
        bodyBytes += bytes.count
        body.append(contentsOf: bytes.prefix(max(limits.readBytes - (bodyBytes - bytes.count), 0)))
        if body.count > most { isOpen = true }
        isStopped = bodyBytes > limits.readBytes
        if isStopped { isTruncated = true }
        return isStopped ? .stop : .goOn
    }

    /// Of a streamed answer, what was not taken yet.
    mutating func takeBody() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &body)
        return taken
    }

    private mutating func addField(_ line: UnsafeRawBufferPointer) {
        // RFC 9112 (5.2): a folded line has no meaning any more; it and lines without a colon are dropped.
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0, line[0] > 32 else { return }
        let name = String(decoding: line[..<colon], as: UTF8.self)
        let value = String(decoding: Self.trimmed(line[(colon + 1)...]), as: UTF8.self)
        headers.append(OutgoingHeader(name, value))
    }

    private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var bytes = bytes
        while let first = bytes.first, first <= 32 { bytes.removeFirst() }
        while let last = bytes.last, last <= 32 { bytes.removeLast() }
        return bytes
    }

    /// `HTTP/1.1 200 OK`: the three digits after the first space; libcurl has checked the line.
    private static func status(_ line: UnsafeRawBufferPointer) -> Int {
        guard let space = line.firstIndex(of: 32), space + 3 < line.count else { return 0 }
        return line[(space + 1)...(space + 3)].reduce(0) { $0 * 10 + Int($1) - 48 }
    }
}
