import HTTPServer

/// What a parser makes of a byte stream, as one line of text: `POST /x =hello . GET / . !bare_line_feed`.
/// "." ends a request, "=" introduces a body, "!" an error; "…" means that more bytes are needed.
struct Transcript {
    private var parts: [String] = []
    private var body: [UInt8] = []
    private var parser: RequestParser
    private var buffer: [UInt8] = []
    private(set) var hasFailed = false
    private(set) var heads: [RequestHead] = []

    init(limits: HTTPLimits = HTTPLimits()) { parser = RequestParser(limits: limits) }

    static func of(_ bytes: [UInt8], pieces: [Int]? = nil, limits: HTTPLimits = HTTPLimits()) -> String {
        var transcript = Transcript(limits: limits)
        var start = 0
        for piece in pieces ?? [bytes.count] {
            transcript.feed(bytes[start..<start + piece])
            start += piece
        }
        return transcript.text
    }

    static func heads(_ text: String) -> [RequestHead] {
        var transcript = Transcript()
        transcript.feed(Array(text.utf8)[...])
        return transcript.heads
    }

    var text: String {
        var parts = parts
        if !body.isEmpty { parts.append("=" + String(decoding: body, as: UTF8.self)) }
        if !hasFailed, parts.last != ".", !parts.isEmpty || !buffer.isEmpty { parts.append("…") }
        return parts.joined(separator: " ")
    }

    mutating func feed(_ bytes: ArraySlice<UInt8>) {
        buffer += bytes
        while !hasFailed {
            do throws(RequestError) {
                let pending = buffer
                let step = try parser.next(pending.span)
                buffer.removeFirst(step.consumed)
                guard let event = step.event else { return }
                note(event, in: pending)
            } catch {
                closeBody()
                parts.append("!" + error.code)
                hasFailed = true
            }
        }
    }

    private mutating func note(_ event: RequestParser.Event, in bytes: [UInt8]) {
        switch event {
        case .head(let head, _):
            heads.append(head)
            parts += [head.method.name, head.path + (head.query.map { "?" + $0 } ?? "")]
        case .body(let range): body += bytes[range]
        case .end:
            closeBody()
            parts.append(".")
        }
    }

    private mutating func closeBody() {
        if !body.isEmpty { parts.append("=" + String(decoding: body, as: UTF8.self)) }
        body = []
    }
}
