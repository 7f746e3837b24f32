extension Connection {
    /// The common case, without a suspension: nothing of a body is left to read, and there is room beside the
    /// answers that wait. False: nothing was done, ask `answer`. (Each asynchronous call costs about 50 ns.)
    func answerAtOnce(_ request: Request, _ response: Response) -> Bool {
        guard let count = response.body.bytes?.count, request.head.keepsAlive, !server.isDraining,
            !isBodyLost, output.count + count < server.limits.bufferedBytes, endEmptyBody()
        else { return false }
        write(response, for: request.head, ConnectionOption(for: request.head, keepsAlive: true))
        return true
    }

    /// Writes the answer. False: the connection is over.
    nonisolated(nonsending) func answer(_ request: Request, _ response: Response) async -> Bool {
        var keepsAlive = request.head.keepsAlive && !server.isDraining && !owesContinue && !isBodyLost
        let isSent: Bool
        if case .stream(let produce) = response.body, request.head.method != .head,
            response.head.status.allowsBody
        {
            isSent = await stream(response.head, produce, request.head, keepsAlive: &keepsAlive)
        } else {
            write(response, for: request.head, ConnectionOption(for: request.head, keepsAlive: keepsAlive))
            // What fits waits for the next request's answer; `nextRequest` flushes before it waits.
            let mayWait = keepsAlive && bodyState != .reading && output.count < server.limits.bufferedBytes
            isSent = mayWait ? true : await flush()
        }
        guard isSent else { return false }
        if keepsAlive, await skipBody() { return true }
        await linger()
        return false
    }

    private func write(_ response: Response, for head: RequestHead, _ connection: ConnectionOption) {
        var responseHead = response.head
        var bytes = response.body.bytes ?? []
        if bytes.count >= server.limits.gzipFromBytes, Self.isCompressible(responseHead) {
            responseHead.add(.vary, "accept-encoding")
            if ContentCoding.negotiated(acceptEncoding: head.headers.list(.acceptEncoding)) == .gzip,
                let encoder = server.gzip
            {
                responseHead.add(.contentEncoding, "gzip")
                if case .kept(let body) = response.body {
                    bytes = body.compressed(by: encoder)
                } else {
                    bytes = encoder.compress(bytes.span)
                }
            }
        }
        let framing = Self.framing(of: response, length: bytes.count, for: head)
        responseHead.append(to: &output, date: server.date, framing: framing, connection: connection)
        if head.method != .head, framing != .none { output.append(contentsOf: bytes) }
    }

    private static func framing(
        of response: Response, length: Int, for head: RequestHead
    ) -> ResponseFraming {
        guard response.head.status.allowsBody else { return .none }
        // Only HEAD comes here with a stream: it tells of the body that GET would get (RFC 9110 9.3.2).
        if case .stream = response.body { return head.minorVersion == 0 ? .none : .chunked }
        return .length(length)
    }

    private static func isCompressible(_ head: ResponseHead) -> Bool {
        guard head[.contentEncoding] == nil, let type = head[.contentType] else { return false }
        return ["application/json", "application/problem+json", "application/yaml", "text/"].contains {
            type.hasPrefix($0)
        }
    }

    private nonisolated(nonsending) func stream(
        _ responseHead: ResponseHead, _ produce: (any BodyWriter) async throws -> Void, _ head: RequestHead,
        keepsAlive: inout Bool
    ) async -> Bool {
        let framing: ResponseFraming = head.minorVersion == 0 ? .untilClose : .chunked
        if framing == .untilClose { keepsAlive = false }
        let connection = ConnectionOption(for: head, keepsAlive: keepsAlive)
        responseHead.append(to: &output, date: server.date, framing: framing, connection: connection)
        let writer = ConnectionWriter(self, isChunked: framing == .chunked)
        defer { onEnd = nil }
        do {
            try await produce(writer)
        } catch {
            // The status has left already: a body cut short, without its last chunk, is the only honest sign.
            return false
        }
        if framing == .chunked { output.appendLastChunk() }
        return await flush()
    }

    /// An answer to what could not be read; the connection ends with it, because framing is lost.
    nonisolated(nonsending) func refuse(_ problem: Problem) async {
        let id = server.makeRequestID()
        let response = problem.response(requestID: id).header(.xRequestID, id)
        guard case .bytes(let body) = response.body else { return }
        response.head.append(to: &output, date: server.date, framing: .length(body.count), connection: .close)
        output.append(contentsOf: body)
        if await flush() { await linger() }
    }

    /// Ends our side and reads on for a moment: closing with unread bytes would reset the connection and
    /// could take the answer with it.
    private nonisolated(nonsending) func linger() async {
        guard await flush() else { return }
        transport.finish()
        setDeadline(seconds: server.limits.lingerSeconds)
        var left = server.limits.lingerBytes
        while left > 0, !server.isDraining {
            let before = pendingCount
            guard await fill() == .bytes else { return }
            left -= pendingCount - before
            dropInput()
        }
    }
}

/// The body of a streamed answer, piece by piece.
private final class ConnectionWriter: BodyWriter {
    private let connection: Connection
    private let isChunked: Bool

    init(_ connection: Connection, isChunked: Bool) {
        self.connection = connection
        self.isChunked = isChunked
    }

    var isDraining: Bool { connection.server.isDraining }

    func onEnd(_ action: @escaping () -> Void) { connection.onEnd = action }

    nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(BodyError) {
        guard !bytes.isEmpty else { return }
        if isChunked { connection.output.appendChunkSize(bytes.count) }
        connection.output.append(contentsOf: bytes)
        if isChunked { connection.output.appendASCII("\r\n") }
        guard await connection.flush() else { throw .disconnected }
    }
}
