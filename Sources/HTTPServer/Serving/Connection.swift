package import EventLoop
import Kernel

/// One client connection: one task, one bell. Requests of a connection run strictly one after another; what
/// is pipelined waits in the buffer, and above `bufferedBytes` in the socket.
package final class Connection: ReadinessHandler {
    /// What a wait for more bytes came to.
    enum Fill { case bytes, endOfStream, failed, timedOut, draining }

    /// Where the body of the current request stands.
    enum BodyState { case unread, reading, ended }

    let peer: SocketAddress
    let server: Server
    let transport: Transport
    var parser: RequestParser
    var bodyState = BodyState.ended
    var hasBody = false
    /// The client holds its body back until it is told to go on (RFC 9110 10.1.1).
    var owesContinue = false
    /// The end of the body will not be found: after this answer the connection ends, and the answer says so.
    var isBodyLost = false
    /// What the endpoint takes of this body.
    var bodyLimitBytes = 0
    /// By which a body that is waited for as a whole must be here.
    var bodyDeadline: UInt64 = .max
    /// Whom to tell when the client leaves or the server drains, while an answer is streamed.
    var onEnd: (() -> Void)?
    var output: [UInt8] = []

    private var input: [UInt8] = []
    private var inputStart = 0
    private var outputStart = 0
    private var isWriteScheduled = false
    private let bell = Wakeup()
    /// Edge-triggered: after a short read there is nothing more until the next edge.
    private var mayRead = true
    /// The other side sends nothing more: what is left is read to its end, since no further edge tells of it.
    private var isEnding = false
    /// It has read in this turn already, and there may be more.
    private var mustLetOthersRun = false
    private var deadline = UInt64.max
    private var isTimedOut = false
    private var isAborted = false
    private var isWaitingForRequest = true

    var descriptor: Int32 { transport.socket.descriptor }

    init(_ transport: Transport, peer: SocketAddress, server: Server) {
        self.transport = transport
        self.peer = peer
        self.server = server
        parser = RequestParser(limits: server.limits.http)
    }

    // MARK: Life

    /// Serves requests until one side ends it.
    package nonisolated(nonsending) func serve() async {
        while let request = await nextRequest() {
            let response =
                switch server.answer(request) {
                case .now(let response): response
                case .later(let respond): await respond()
                }
            if answerAtOnce(request, response) { continue }
            guard await answer(request, response) else { break }
        }
        _ = await flush()
        server.forget(self)
    }

    private nonisolated(nonsending) func nextRequest() async -> Request? {
        isWaitingForRequest = !hasInput
        setDeadline(seconds: isWaitingForRequest ? server.limits.idleSeconds : server.limits.headSeconds)
        defer { isWaitingForRequest = false }
        while true {
            do throws(RequestError) {
                if let (head, framing) = try parseHead() {
                    writeAtEndOfTurn()
                    return makeRequest(head, framing)
                }
            } catch {
                await refuse(Problem(error.problemCode, error.sentence))
                return nil
            }
            // Answers of a pipeline leave together, before we wait.
            if !isFlushed() { guard await flush() else { return nil } }
            let wasWaiting = isWaitingForRequest
            let result = await fill()
            if result == .bytes, wasWaiting { beginHead() }
            if result == .timedOut, !wasWaiting {
                await refuse(Problem(.requestTimeout, "The head of the request did not arrive in time."))
            }
            if result != .bytes { return nil }
        }
    }

    private func beginHead() {
        isWaitingForRequest = false
        setDeadline(seconds: server.limits.headSeconds)
    }

    private func parseHead() throws(RequestError) -> (RequestHead, BodyFraming)? {
        while hasInput {
            let step = try parseStep()
            consume(step.consumed)
            if case .head(let head, let framing) = step.event { return (head, framing) }
            if step.consumed == 0 { return nil }
        }
        return nil
    }

    // MARK: What the loop tells

    package func ready(_ readiness: Readiness) {
        // TLS may have to write before it can read (a handshake larger than the socket's buffer).
        if readiness.contains(.readable) || transport.isTLS { mayRead = true }
        if readiness.contains(.ended) {
            isEnding = true
            endStream()
        }
        bell.wake()
    }

    func drain() {
        endStream()
        bell.wake()
    }

    func abort() {
        isAborted = true
        drain()
    }

    func sweep(now: UInt64) {
        if now > deadline {
            isTimedOut = true
            endStream()
            bell.wake()
        } else if isWaitingForRequest, !hasInput, output.isEmpty {
            // An idle connection gives its buffers back, but never answers that a slow reader has yet to
            // take.
            input = []
            output = []
        }
    }

    func endStream() {
        let action = onEnd
        onEnd = nil
        action?()
    }

    /// - Parameter end: when it ends at the latest, whatever the seconds say.
    func setDeadline(seconds: Int, atMost end: UInt64 = .max) {
        isTimedOut = false
        deadline = min(moment(in: seconds), end)
    }

    func moment(in seconds: Int) -> UInt64 {
        server.turnClock.monotonicNanoseconds() &+ UInt64(seconds) &* 1_000_000_000
    }

    func clearDeadline() {
        isTimedOut = false
        deadline = .max
    }
}

// MARK: Bytes

extension Connection {
    var hasInput: Bool { inputStart < input.count }

    var pendingCount: Int { input.count - inputStart }

    /// Bytes in memory, consumed ones and written ones included.
    var heldBytes: Int { input.count + output.count }

    /// One step over what has arrived and is not consumed.
    func parseStep() throws(RequestError) -> RequestParser.Step {
        let arrived = input
        return try parser.next(arrived.span.extracting(droppingFirst: inputStart))
    }

    func consume(_ count: Int) {
        inputStart += count
        if inputStart == input.count {
            input.wipeKeepingCapacity()
            inputStart = 0
        }
    }

    /// Without this, a pipeline whose reads always end inside a request would keep all that it ever sent.
    private func forgetConsumed() {
        guard inputStart > 0 else { return }
        input.withUnsafeMutableBytes { bytes in
            let rest = bytes.count - inputStart
            let front = UnsafeMutableRawBufferPointer(rebasing: bytes[..<rest])
            front.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[inputStart...]))
            UnsafeMutableRawBufferPointer(rebasing: bytes[rest...]).wipe()
        }
        input.removeLast(inputStart)
        inputStart = 0
    }

    func dropInput() { consume(pendingCount) }

    func copyOfPending(_ range: Range<Int>) -> [UInt8] {
        Array(input[inputStart + range.lowerBound..<inputStart + range.upperBound])
    }

    /// Waits for more bytes, until the deadline.
    nonisolated(nonsending) func fill() async -> Fill {
        while true {
            if isAborted { return .failed }
            if mayRead {
                if mustLetOthersRun { await letOthersRun() }
                switch transport.read(into: server.scratch) {
                case .bytes(let count):
                    forgetConsumed()
                    let arrived = UnsafeMutableRawBufferPointer(rebasing: server.scratch[..<count])
                    input.append(contentsOf: arrived)
                    arrived.wipe()
                    mayRead = isEnding || transport.isTLS || count == server.scratch.count
                    mustLetOthersRun = mayRead
                    return .bytes
                case .endOfStream: return .endOfStream
                case .failed: return .failed
                case .wouldBlock: mayRead = false
                }
            }
            if isTimedOut { return .timedOut }
            if server.isDraining, isWaitingForRequest { return .draining }
            mustLetOthersRun = false
            await bell.wait()
        }
    }

    /// A client that sends faster than we answer never makes us wait; the loop's other connections would
    /// starve.
    private nonisolated(nonsending) func letOthersRun() async {
        mustLetOthersRun = false
        let turn = Wakeup()
        server.reactor.atEndOfTurn { turn.wake() }
        await turn.wait()
    }

    /// Writes all that waits when the socket takes it at once. False: ask `flush`.
    private func isFlushed() -> Bool {
        !isAborted && (output.isEmpty || writeNow() && output.isEmpty)
    }

    /// Writes all that waits in `output`. False: the client is gone, or took nothing for too long.
    nonisolated(nonsending) func flush() async -> Bool {
        guard !output.isEmpty else { return !isAborted }
        while writeNow() {
            if output.isEmpty { return true }
            await waitForProgress()
        }
        // Nothing can follow an answer that is cut.
        isAborted = true
        return false
    }

    /// Writes what the socket takes. False: the client is gone.
    private func writeNow() -> Bool {
        while outputStart < output.count, !isAborted {
            switch output.withUnsafeBytes({
                transport.write(UnsafeRawBufferPointer(rebasing: $0[outputStart...]))
            }) {
            case .bytes(let count): outputStart += count
            case .wouldBlock: return true
            case .endOfStream, .failed: return false
            }
        }
        guard !isAborted else { return false }
        output.wipeKeepingCapacity()
        outputStart = 0
        return true
    }

    /// A handler that waits, or a body that is slow, must not hold back the answers of earlier requests.
    func writeAtEndOfTurn() {
        guard !output.isEmpty, !isWriteScheduled else { return }
        isWriteScheduled = true
        server.reactor.atEndOfTurn { [self] in
            isWriteScheduled = false
            if !writeNow() { abort() }
        }
    }

    /// Waits until the client has taken something. It has `writeStallSeconds`, whatever it sends meanwhile.
    private nonisolated(nonsending) func waitForProgress() async {
        let (outerDeadline, outerTimeout) = (deadline, isTimedOut)
        defer { (deadline, isTimedOut) = (outerDeadline, outerTimeout) }
        setDeadline(seconds: server.limits.writeStallSeconds)
        let before = outputStart
        while !output.isEmpty, outputStart == before, !isAborted {
            await bell.wait()
            if isTimedOut || !writeNow() { isAborted = true }
        }
    }
}

// MARK: Wiping

// Buffers live as long as their connection; secrets came and went in them.

extension UnsafeMutableRawBufferPointer {
    fileprivate func wipe() { _ = initializeMemory(as: UInt8.self, repeating: 0) }
}

extension [UInt8] {
    fileprivate mutating func wipeKeepingCapacity() {
        withUnsafeMutableBytes { $0.wipe() }
        removeAll(keepingCapacity: true)
    }
}
